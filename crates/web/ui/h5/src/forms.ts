/** The school's daily form: what the lists and tables show unless another form is chosen. */
export const DEFAULT_FORM = 'health-daily';
