/* Pace: what changes is asked for together, soon. When changes come thick, each asking waits twice as long as the one
   before, at most `longest`: in a storm a screen asks once in a while, however much happens. */
const THICK = 2 / 1000; // a millisecond, since the last asking

/**
 * Returns what is told of each change: its id, and what it may wait at most, where it is more urgent than others. `ask` is
 * given the ids of all that came meanwhile; those that come until its promise is kept are gathered for the next time.
 */
export function paced(ask, { soon, longest }) {
  let gathered = new Set();
  let came = 0;
  let most = longest; // that the most urgent of them may wait
  let pause = soon;
  let over = -Infinity; // when the last asking was
  let asking = false;
  let due;
  let timer;

  function plan() {
    const now = performance.now();
    if (due === undefined && now - over > pause) pause = soon;
    const then = now + Math.min(pause, most);
    if (then >= due) return;
    due = then;
    clearTimeout(timer);
    timer = setTimeout(go, then - now);
  }
  async function go() {
    const ids = [...gathered];
    pause = came / (performance.now() - over) < THICK ? soon : Math.min(2 * pause, longest);
    gathered = new Set();
    came = 0;
    most = longest;
    due = undefined;
    asking = true;
    try {
      await ask(ids);
    } finally {
      over = performance.now();
      asking = false;
      if (gathered.size) plan();
    }
  }
  return (id, within = longest) => {
    gathered.add(id);
    came++;
    most = Math.min(most, within);
    if (!asking) plan();
  };
}
