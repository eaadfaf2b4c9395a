// The keys of the desk: which key means what, and when a key is not ours.
import { switchLanguage } from '../i18n';
import { switchTheme } from '../theme';
import * as desk from './desk';
import { chooseNext } from './groups';

/** Whether a key press belongs to something that is being typed in, or to the browser. */
function notOurs(event: KeyboardEvent): boolean {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return true;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('input, select, textarea, dialog, [contenteditable]')) return true;
  const pressed = event.key === ' ' || event.key === 'Enter';
  return pressed && target?.closest('button, a, summary') != null;
}

const ACTIONS: Record<string, () => void> = {
  c: desk.confirm,
  x: () => desk.ask('reject'),
  m: () => void desk.merge(),
  s: () => desk.ask('split'),
  a: () => desk.ask('reassign'),
  ' ': desk.skip,
  u: () => void desk.undo(),
  b: () => desk.setBulk(!desk.bulk.peek()),
  v: () => {
    desk.setBulk(true);
    const id = desk.queue.peek().current;
    if (id) desk.toggle(id);
  },
  '=': () => {
    desk.setBulk(true);
    desk.selectAlike();
  },
  g: chooseNext,
  n: desk.nextNeighbour,
  p: () => {
    desk.plain.value = !desk.plain.peek();
  },
  j: () => desk.move(1),
  k: () => desk.move(-1),
  ArrowDown: () => desk.move(1),
  ArrowUp: () => desk.move(-1),
  '/': () => document.getElementById('queue-search')?.focus(),
  f: () => {
    desk.dialog.value = 'filters';
  },
  l: switchLanguage,
  t: switchTheme,
  h: () => {
    if (desk.mayHold.peek()) desk.ask('hold');
  },
  '?': () => {
    desk.dialog.value = 'help';
  },
  Escape: () => desk.setBulk(false),
};

/** Keys that decide; the others only look. */
const DECIDING = ['c', 'x', 'm', 's', 'a', 'u', 'b', 'v', '=', 'g'];

const EXTENDING: Record<string, 1 | -1> = { J: 1, K: -1, ArrowDown: 1, ArrowUp: -1 };

function extend(by: 1 | -1): void {
  const { rows, current } = desk.queue.peek();
  const at = rows.findIndex((row) => row.it.id === current);
  const row = rows[at + by];
  desk.setBulk(true);
  if (row) desk.extend(row.it.id);
}

/** Acts on a key of the desk. */
export function onKey(event: KeyboardEvent): void {
  if (notOurs(event)) return;
  const by = EXTENDING[event.key];
  if (event.shiftKey && by) {
    event.preventDefault();
    return extend(by);
  }
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = ACTIONS[key];
  if (DECIDING.includes(key) && !desk.mayDecide.peek()) return;
  if (!action || (event.repeat && !['j', 'k', 'ArrowDown', 'ArrowUp'].includes(event.key))) return;
  event.preventDefault();
  action();
}
