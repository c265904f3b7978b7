/** Thrown by what a dialog does when all is well and the dialog is to stay open. */
export class Stay extends Error {}
