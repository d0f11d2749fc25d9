/** The machine's timer, for the rims of protocols: what lies behind them is handed a Clock and called. */

/** Calls `what` every `ms` milliseconds until disposed; keeps no process alive. */
export function every(ms: number, what: () => void): Disposable {
  const timer = setInterval(what, ms);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
