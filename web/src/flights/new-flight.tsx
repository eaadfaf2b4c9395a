// The form of a new flight: an area drawn or imported, and how finely it is to be seen.
import { useSignal, type Signal } from '@preact/signals';
import { wordsOf } from '../desk/desk';
import { t } from '../i18n';
import { address } from '../router';
import { areaOf, type Chosen, read } from './area';
import { aircraft, plan, type Wanted } from './missions';

const USUAL_GSD_CM = 2.5;
const MOST_BYTES = 10 * 1024 * 1024;

export function NewFlight({ chosen }: { chosen: Signal<Chosen> }) {
  const busy = useSignal(false);
  const problem = useSignal('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = wantedOf(new FormData(event.currentTarget as HTMLFormElement), chosen.peek());
    if (!wanted) {
      problem.value = t('flight_area_needed');
      return;
    }
    busy.value = true;
    problem.value = '';
    try {
      const made = await plan(wanted);
      location.hash = address('flights', made.id);
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      busy.value = false;
    }
  };
  const take = async (file: File | undefined) => {
    if (!file) return;
    problem.value = '';
    try {
      if (file.size > MOST_BYTES) throw new Error(`${file.size} B > ${MOST_BYTES} B`);
      chosen.value = read(file.name, new Uint8Array(await file.arrayBuffer()));
    } catch (error) {
      problem.value = t('flight_file_bad', { name: file.name, detail: error instanceof Error ? error.message : String(error) });
    }
  };
  const now = chosen.value;
  return (
    <form class="flight-form" onSubmit={(event) => void submit(event)}>
      <h2>{t('flight_new')}</h2>
      <label>
        {t('flight_name')}
        <input name="name" required maxLength={120} />
      </label>
      <fieldset>
        <legend>{t('flight_area')}</legend>
        <p class="muted">{t('flight_area_hint')}</p>
        <p role="status">{told(now)}</p>
        <div class="buttons">
          <button
            type="button"
            disabled={!('corners' in now) || now.corners.length === 0}
            onClick={() => {
              if ('corners' in now) chosen.value = { corners: now.corners.slice(0, -1) };
            }}
          >
            {t('flight_corner_back')}
          </button>
          <label class="button">
            {t('flight_import')}
            <input
              class="visually-hidden"
              type="file"
              accept=".geojson,.json,.kmz,.plan,.waypoints,.txt"
              onChange={(event) => {
                void take(event.currentTarget.files?.[0]);
                event.currentTarget.value = '';
              }}
            />
          </label>
        </div>
      </fieldset>
      {!('plan' in now) && (
        <div class="flight-fields">
          <label>
            {t('flight_gsd')}
            <input name="gsd_cm" type="number" min="0.5" max="50" step="0.1" required value={USUAL_GSD_CM} />
          </label>
          <label>
            {t('flight_aircraft')}
            <select name="aircraft">
              {aircraft.value.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      <p class="problem" role="alert">
        {problem.value}
      </p>
      <button class="primary" type="submit" disabled={busy.value}>
        {t(busy.value ? 'flight_planning' : 'flight_plan')}
      </button>
    </form>
  );
}

function told(chosen: Chosen): string {
  if ('corners' in chosen) return t('flight_corners', { n: chosen.corners.length });
  return t('flight_imported', { name: 'plan' in chosen ? chosen.plan.name : chosen.name });
}

function wantedOf(form: FormData, chosen: Chosen): Wanted | null {
  const name = String(form.get('name')).trim();
  if ('plan' in chosen) return { name, plan_base64: chosen.plan.base64 };
  const area = areaOf(chosen);
  if (!area) return null;
  return { name, area, gsd_cm: Number(form.get('gsd_cm')), aircraft: String(form.get('aircraft') ?? '') };
}
