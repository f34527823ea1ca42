/** What this process can take of orders, measured where they come in. Both are cheap and never throw. */
export interface OrderIntake {
  /** Orders a second that it can take durably: what a waiting room lets in. */
  capacity(): number;
  /** Whether more orders come than that, now. */
  isPressed(): boolean;
}
