/** What the audit records, in the order it is chosen from. */
export const ACTS = [
  'look',
  'export_asked',
  'export_fetched',
  'template_saved',
  'template_removed',
  'grant_given',
  'grant_ended',
  'account_linked',
  'account_unlinked',
  'rows_changed',
  'rows_restored',
  'exemptions_granted',
  'exemption_revoked',
  'statuses_recorded',
  'status_revoked',
  'photo_removed',
  'removals_approved',
  'removals_discarded',
  'write_plan_approved',
  'form_changed',
  'answers_purged',
  'hold_set',
  'hold_lifted',
  'reminder_rule_changed',
  'reminder_settings_changed',
  'digest_rule_changed',
  'school_days_changed',
  'outage_recorded',
  'outage_taken_back',
  'zone_changed',
  'gate_changed',
  'device_offered',
  'device_paired',
  'device_withdrawn',
  'gate_keys_killed',
  'permits_given',
  'permit_revoked',
  'entry_changed',
  'second_factor_set',
  'second_factor_removed',
  'recovery_code_used',
  'second_factor_reset',
  'sessions_ended',
  'reading_lifted',
  'reading_alarm_settled',
  'announcement_changed',
  'residence_changed',
  'photos_uploaded',
  'figure_changed',
  'notice_published',
  'job_retried',
  'job_discarded',
  'keys_changed',
  'settings_changed',
  'audit_searched',
  'audit_cut',
] as const;

/** The number of an export an address names; empty: it names none. */
export function exportOf(said: unknown): string {
  return typeof said === 'string' && /^\d{1,15}$/.test(said) ? said : '';
}

/** Student and staff numbers as somebody typed or pasted them. */
export function numbersOf(text: string): string[] {
  return text.split(/[\s,;，；、]+/).filter((number) => number !== '');
}
