/** The figures of a form: where no answer can be abnormal, none is called normal either. */
export function figuresOf<Name extends string>(columns: readonly Name[], form: { abnormal: boolean } | null): Name[] {
  return columns.filter((column) => form?.abnormal !== false || (column !== 'normal' && column !== 'abnormal'));
}
