/** Where this tab keeps codes and whose they are, for a reload without a network. Goes with the sign-out. */
export const PLACE = 'rollcall.gate_codes';
