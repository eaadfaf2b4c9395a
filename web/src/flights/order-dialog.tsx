// An order to a vehicle: always by a person, always with a reason.
import { useSignal } from '@preact/signals';
import type { Gate, Mission, MissionAct } from '../api/types';
import { wordsOf } from '../desk/desk';
import { language, nameOf, t } from '../i18n';
import { Dialog } from '../ui/dialog';
import { gatesOf, order, vehicles, type Wind } from './missions';
import { Warnings } from './mission-view';

interface Props {
  mission: Mission;
  act: MissionAct;
  onClose: () => void;
}

export function OrderDialog({ mission, act, onClose }: Props) {
  const busy = useSignal(false);
  const problem = useSignal('');
  const gates = useSignal<Gate[]>([]);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const reason = String(form.get('reason')).trim();
    busy.value = true;
    problem.value = '';
    gates.value = [];
    try {
      if (act === 'launch') {
        const vehicle = String(form.get('vehicle'));
        await order(mission.id, act, { vehicle, reason, confirmed: true, accept_warnings: mission.warnings.length > 0, ...windOf(form) });
      } else await order(mission.id, act, { reason, ...windOf(form) });
      onClose();
    } catch (error) {
      problem.value = wordsOf(error);
      gates.value = gatesOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={`${t(`flight_${act}`)} · ${mission.name}`} hint={t('flight_act_hint')} onClose={onClose} wide={act === 'launch'}>
      <form class="flight-form" onSubmit={(event) => void submit(event)}>
        {act === 'launch' && <LaunchFields mission={mission} />}
        {act === 'resume' && mission.phase === 'over' && flown(mission)?.kind === 'mavlink' && <WindFields />}
        <label>
          {t('flight_reason')}
          <input name="reason" required maxLength={200} data-first />
        </label>
        {gates.value.length > 0 && <Gates gates={gates.value} />}
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <div class="buttons">
          <button type="submit" class={act === 'abort' ? 'danger' : 'primary'} disabled={busy.value}>
            {t(`flight_${act}`)}
          </button>
          <button type="button" onClick={onClose}>
            {t('cancel')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

const flown = (mission: Mission) => vehicles.value.find((one) => one.id === mission.vehicle);

/** The wind that was typed in; where it is not asked for the vehicle measures it. */
function windOf(form: FormData): { wind?: Wind } {
  const [speed, from] = [form.get('wind_mps'), form.get('wind_from')];
  return speed === null || from === null ? {} : { wind: { speed_mps: Number(speed), from_deg: Number(from) } };
}

function WindFields() {
  return (
    <div class="flight-fields">
      <label>
        {t('flight_wind')}
        <input name="wind_mps" type="number" min="0" max="40" step="0.1" required />
      </label>
      <label>
        {t('flight_wind_from')}
        <input name="wind_from" type="number" min="0" max="360" step="1" required />
      </label>
    </div>
  );
}

function LaunchFields({ mission }: { mission: Mission }) {
  const chosen = useSignal<string | null>(null);
  const free = vehicles.value.find((one) => one.flying === null);
  const now = chosen.value ?? free?.id ?? '';
  return (
    <>
      <label>
        {t('flight_vehicle')}
        <select
          name="vehicle"
          required
          value={now}
          onChange={(event) => {
            chosen.value = event.currentTarget.value;
          }}
        >
          {vehicles.value.map((one) => (
            <option key={one.id} value={one.id} disabled={one.flying !== null}>
              {one.flying === null ? nameOf(one) : t('flight_vehicle_busy', { name: nameOf(one) })}
            </option>
          ))}
        </select>
      </label>
      {vehicles.value.find((one) => one.id === now)?.kind === 'mavlink' && <WindFields />}
      {vehicles.value.length === 0 && <p class="problem">{t('flight_vehicle_none')}</p>}
      <Warnings mission={mission} />
      {mission.warnings.length > 0 && (
        <label class="check">
          <input type="checkbox" name="read" required /> {t('flight_read_warnings')}
        </label>
      )}
      <label class="check">
        <input type="checkbox" name="confirmed" required /> {t('flight_confirm')}
      </label>
    </>
  );
}

function Gates({ gates }: { gates: readonly Gate[] }) {
  const zh = language.value === 'zh';
  return (
    <section class="gates">
      <h3>{t('flight_gates')}</h3>
      <ul>
        {gates.map((gate) => (
          <li key={gate.id} class={gate.ok ? 'fine' : 'bad'}>
            <strong>{nameOf(gate)}</strong> <span>{t(gate.ok ? 'flight_gate_open' : 'flight_gate_shut')}</span>
            {!gate.ok && <p>{zh ? gate.next_zh : gate.next_en}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
