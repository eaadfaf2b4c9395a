// The records of the server's own API, as the page reads them.

export type Role = 'operator' | 'analyst' | 'duty' | 'department' | 'admin';

export interface Session {
  name: string;
  role: Role;
  department: string | null;
  csrf: string;
  city_zh: string;
  city_en: string;
  tiles_url: string | null;
}

/** How somebody may sign in. */
export interface Ways {
  password: boolean;
  oidc: { label_zh: string | null; label_en: string | null } | null;
}

/** Something with a name in both languages. */
export interface Named {
  id: string;
  zh: string;
  en: string;
}

export interface Position {
  lat_deg: number;
  lon_deg: number;
  height_m: number;
  datum: string;
  ce90_m: number;
}

export type TaskState =
  | 'proposed'
  | 'confirmed'
  | 'dispatched'
  | 'accepted'
  | 'en_route'
  | 'on_site'
  | 'done'
  | 'verified'
  | 'closed'
  | 'rejected'
  | 'bounced'
  | 'merged'
  | 'reopened';

export type IncidentState = 'candidate' | 'confirmed' | 'unlocated' | 'closed';
export type Priority = 'urgent' | 'high' | 'normal' | 'low';

export interface Assisting {
  department: string;
  zh: string;
  en: string;
  probability: number;
}

export interface Task {
  id: string;
  state: TaskState;
  version: number;
  title_zh: string;
  title_en: string;
  lead: string | null;
  lead_zh: string;
  lead_en: string;
  probability: number | null;
  assisting: Assisting[];
  reason_zh: string;
  reason_en: string;
  rule: string | null;
  priority: Priority;
  severity: string;
  created: string;
  deadline: string | null;
  overdue: boolean;
  paused: string | null;
}

export type StillKind = 'context' | 'context_annotated' | 'close_up' | 'close_up_annotated' | 'clip';

export interface Still {
  kind: StillKind;
  url: string;
}

/** An incident and its task: one row of the queue. */
export interface Case {
  id: string;
  class: string;
  class_zh: string;
  class_en: string;
  state: IncidentState;
  score: number;
  first_seen: string;
  last_seen: string;
  sightings: number;
  area_m2: number | null;
  position: Position | null;
  place_zh: string;
  place_en: string;
  version: number;
  merged_into: string | null;
  task: Task | null;
  stills: Still[];
}

export interface Observation {
  id: string;
  source: string;
  frame: number;
  time: string;
  score: number;
  lat_deg: number | null;
  lon_deg: number | null;
}

export interface Neighbour {
  id: string;
  class: string;
  distance_m: number;
  title_zh: string;
  title_en: string;
}

export interface Event {
  at: string;
  zh: string;
  en: string;
  actor: string | null;
  reason: string | null;
  operation: string | null;
}

export interface Detail extends Case {
  outline: GeoJSON.Geometry | null;
  ellipse: GeoJSON.Polygon | null;
  path: GeoJSON.LineString | null;
  footprint: GeoJSON.Polygon | null;
  observations: Observation[];
  neighbours: Neighbour[];
  history: Event[];
  viewers: string[];
}

export interface Page {
  items: Case[];
  next: string | null;
  total: number;
}

export type StepName =
  | 'confirm'
  | 'reject'
  | 'dispatch'
  | 'reassign'
  | 'accept'
  | 'bounce'
  | 'depart'
  | 'arrive'
  | 'finish'
  | 'verify'
  | 'refute'
  | 'close'
  | 'reopen';

export type What =
  | { act: { kind: 'merge'; incidents: string[] } }
  | { act: { kind: 'split'; incident: string; observations: string[] } }
  | { act: { kind: 'reject' | 'close' | 'reopen'; incident: string } }
  | { act: { kind: 'step'; task: string; step: { step: StepName; department?: string } } }
  | { undo: { incident: string } | { task: string } };

export interface Expected {
  subject: { incident: string } | { task: string };
  version: number;
}

export interface Operation {
  what: What;
  reason: string;
  expected: Expected[];
}

export interface Outcome {
  operation: string;
  undoes: string | null;
  incidents: Case[];
  remarks: string[];
}

export interface BulkOutcome {
  done: Outcome[];
  refused: { index: number; detail: string }[];
}

export interface Totals {
  open: number;
  waiting: number;
  overdue: number;
  done: number;
  closed: number;
}

export interface DepartmentLoad extends Named {
  open: number;
  overdue: number;
  by_state: Record<string, number>;
}

export interface Overview {
  at: string;
  totals: Totals;
  departments: DepartmentLoad[];
  trend: { day: string; found: number; closed: number }[];
  heat: { cell: string; count: number; ring: [number, number][] }[];
  groups: Flood[];
}

/** Many alarms that one cause may have made. */
export interface Flood {
  id: string;
  cause_zh: string;
  cause_en: string;
  from: string;
  to: string;
  incidents: string[];
  /** Ids of its tasks that wait for a person. */
  waiting: string[];
}

export type SourceState = 'starting' | 'running' | 'stalled' | 'ended' | 'failed' | 'paused';
export type Hop = 'network' | 'decode' | 'telemetry' | 'detect' | 'store';

export interface Source {
  id: string;
  uri: string;
  kind: 'file' | 'live';
  state: SourceState;
  hop: Hop | null;
  problem_zh: string;
  problem_en: string;
  next_step_zh: string;
  next_step_en: string;
  frames: number;
  detections: number;
  dropped: number;
  age_s: number | null;
  position: { lat_deg: number; lon_deg: number; heading_deg: number } | null;
  footprint: GeoJSON.Polygon | null;
}

export interface RecordRow {
  department: string;
  zh: string;
  en: string;
  zone: string;
  class: string;
  closed_share: number;
  in_time_share: number;
  redone_share: number;
  tasks: number;
}

/** A case of the blind sample: what was decided, and what came of it, is not told. */
export interface Blind {
  incident: string;
  class: string;
  class_zh: string;
  class_en: string;
  place_zh: string;
  place_en: string;
  first_seen: string;
  sightings: number;
  area_m2: number | null;
  score: number;
  stills: Still[];
  /** Cases that wait for the caller, this one among them. */
  left: number;
}

/** How well the first decision and those of others agree. */
export interface Agreement {
  decided: number;
  rechecked: number;
  looks: number;
  same_share: number | null;
  cohen_kappa: number | null;
  fleiss_kappa: number | null;
}

/** An incident under legal hold, or one that was. */
export interface Hold {
  incident: string;
  title_zh: string;
  title_en: string;
  put_away: boolean;
  since: string;
  actor: string;
  reason: string;
  lifted: { at: string; actor: string; reason: string } | null;
}

/** A vehicle that flies plans. */
export interface Vehicle extends Named {
  kind: 'dji_dock' | 'mavlink';
  uri: string;
  video: boolean;
  /** The mission that it flies now. */
  flying: string | null;
}

/** A thing to hold before a launch. */
export interface Gate {
  id: string;
  ok: boolean;
  zh: string;
  en: string;
  next_zh: string;
  next_en: string;
}

export type MissionAct = 'launch' | 'pause' | 'resume' | 'return' | 'abort';

export interface MissionWarning {
  leg: number | null;
  what_zh: string;
  what_en: string;
  mend_zh: string;
  mend_en: string;
}

/** A flight as the list has it. */
export interface MissionHead {
  id: string;
  version: number;
  name: string;
  created: string;
  by: string;
  for_task: string | null;
  /** The task that it looks at, as it is now. */
  task: { id: string; incident: string; zh: string; en: string; state: string; state_zh: string; state_en: string } | null;
  phase: 'planned' | 'active' | 'over';
  state: { kind: string; zh: string; en: string; next_zh: string; next_en: string };
  actions: MissionAct[];
  vehicle: string | null;
  flight_id: string | null;
  operator: string | null;
  progress: { percent: number; waypoint: number | null; waypoints: number } | null;
  aircraft: { lat_deg: number; lon_deg: number; height_m: number; heading_deg: number; battery_percent: number | null; at: string } | null;
  source: string | null;
  plan: {
    aircraft: string;
    waypoints: number;
    legs: number;
    length_m: number;
    duration_s: number;
    area_m2: number | null;
    gsd_cm: number | null;
    height_m: number;
  };
  warnings: MissionWarning[];
}

/** A flight in full. */
export interface Mission extends MissionHead {
  track: GeoJSON.LineString;
  legs: GeoJSON.FeatureCollection;
  flown: GeoJSON.LineString | null;
  log: { at: string; actor: string | null; zh: string; en: string; reason: string | null }[];
}

/** What was seen of the area of a flight. */
export interface Coverage {
  gsd_m: number;
  asked_m2: number;
  seen_m2: number;
  coarse_m2: number;
  unseen_m2: number;
  share: number;
  passes: { source: string; from: string; to: string; looks: number; gsd_m: number | null; area_m2: number }[];
  /** What was not seen finely enough. */
  holes: GeoJSON.FeatureCollection;
}
