// The department record as rows that can be put together. Pure.
import type { RecordRow } from '../api/types';

/** First and last day of a month `2026-11`, as the server wants them. */
export function bounds(month: string): { from: string; to: string } {
  const [year = 1970, number = 1] = month.split('-').map(Number);
  const last = new Date(Date.UTC(year, number, 0)).getUTCDate();
  return { from: `${month}-01`, to: `${month}-${String(last).padStart(2, '0')}` };
}

export const monthOf = (at: Date): string => `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, '0')}`;

/** One row of several: shares weighed by their tasks. */
export function together(rows: readonly RecordRow[], like: Pick<RecordRow, 'department' | 'zh' | 'en'>): RecordRow {
  const tasks = rows.reduce((sum, row) => sum + row.tasks, 0);
  const share = (of: (row: RecordRow) => number) =>
    tasks === 0 ? 0 : rows.reduce((sum, row) => sum + of(row) * row.tasks, 0) / tasks;
  return {
    department: like.department,
    zh: like.zh,
    en: like.en,
    zone: '',
    class: '',
    tasks,
    closed_share: share((row) => row.closed_share),
    in_time_share: share((row) => row.in_time_share),
    redone_share: share((row) => row.redone_share),
  };
}

/** One row for each department, in the order they came. */
export function byDepartment(rows: readonly RecordRow[]): RecordRow[] {
  const groups = new Map<string, RecordRow[]>();
  for (const row of rows) groups.set(row.department, [...(groups.get(row.department) ?? []), row]);
  return [...groups.values()].flatMap((group) => (group[0] ? [together(group, group[0])] : []));
}
