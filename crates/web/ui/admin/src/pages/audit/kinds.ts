/** What is kept of sign-ins and refusals, in the order it is chosen from. */
export const KINDS = ['signed_in', 'sign_in_failed', 'refused', 'factor_passed', 'factor_failed'] as const;

/** What an event says beside its kind: which check it was, which operation. */
export const REASONS = ['unknown_state', 'other_browser', 'spent_state', 'spent_code', 'stranger', 'wecom', 'forbidden', 'not_found', 'code', 'recovery', 'too_many_requests', 'too_many_tries', 'budget_spent', 'copies_taken', 'invalid', 'malformed', 'too_large', 'unsupported_media_type', 'packed_body', 'foreign_site', 'sign_in_again', 'second_factor_needed'] as const;
