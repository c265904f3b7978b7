/** The school's daily form: what the tables and lists show unless another form is chosen. */
export const DEFAULT_FORM = 'health-daily';
