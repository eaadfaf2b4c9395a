// Cases to test with.
import type { Case, TaskState } from '../../src/api/types';

interface Want {
  state?: TaskState;
  version?: number;
  place_zh?: string;
  matter?: string;
}

export function makeCase(id: string, { state = 'proposed', version = 1, place_zh = '云岭区、石塘街道', matter = 'waterlogging' }: Want = {}): Case {
  return {
    id,
    class: matter,
    class_zh: '积水',
    class_en: 'Waterlogging',
    state: 'confirmed',
    score: 0.9,
    first_seen: '2026-06-20T02:15:00Z',
    last_seen: '2026-06-20T02:16:00Z',
    sightings: 9,
    area_m2: 120,
    position: { lat_deg: 28.97, lon_deg: 118.87, height_m: 77, datum: 'WGS-84', ce90_m: 4.4 },
    place_zh,
    place_en: 'Yunling District, Shitang Street',
    version,
    merged_into: null,
    task: {
      id: `task-${id}`,
      state,
      version,
      title_zh: '积水约 120 m²',
      title_en: 'Waterlogging, about 120 m²',
      lead: 'municipal_drainage',
      lead_zh: '市政排水管理中心',
      lead_en: 'Municipal Drainage Centre',
      probability: 1,
      assisting: [],
      reason_zh: '',
      reason_en: '',
      rule: null,
      priority: 'high',
      severity: 'moderate',
      created: '2026-06-20T02:15:00Z',
      deadline: null,
      overdue: false,
      paused: null,
    },
    stills: [],
  };
}
