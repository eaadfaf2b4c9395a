// The table of departments by stage, as numbers that add up. Pure.
import type { DepartmentLoad, TaskState } from '../api/types';

/** The stages of a task on its way, in order, several states to one stage. */
export const STAGES = [
  { key: 'task_proposed', states: ['proposed', 'reopened', 'confirmed', 'bounced'] },
  { key: 'task_dispatched', states: ['dispatched'] },
  { key: 'task_accepted', states: ['accepted'] },
  { key: 'task_en_route', states: ['en_route'] },
  { key: 'task_on_site', states: ['on_site'] },
  { key: 'task_done', states: ['done', 'verified'] },
] as const satisfies readonly { key: `task_${TaskState}`; states: readonly TaskState[] }[];

/** How many tasks of a department are in each stage. */
export const byStage = (load: DepartmentLoad): number[] =>
  STAGES.map(({ states }) => states.reduce((sum, state) => sum + (load.by_state[state] ?? 0), 0));

/** Departments with something open, the most overdue first. */
export const busy = (departments: readonly DepartmentLoad[]): DepartmentLoad[] =>
  departments
    .filter((one) => one.open > 0 || Object.values(one.by_state).some((n) => n > 0))
    .sort((a, b) => b.overdue - a.overdue || b.open - a.open || a.id.localeCompare(b.id));
