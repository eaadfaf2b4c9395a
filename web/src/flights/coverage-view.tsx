// What was seen of the area of a flight, and what was left out.
import { useSignal } from '@preact/signals';
import type { Mission } from '../api/types';
import { wordsOf } from '../desk/desk';
import { area, moment, percent } from '../format';
import { t } from '../i18n';
import { address } from '../router';
import { toast } from '../ui/toast';
import { askCoverage, coverage, planHoles } from './missions';

export function CoverageView({ mission, maySteer }: { mission: Mission; maySteer: boolean }) {
  const busy = useSignal(false);
  const found = coverage.value;
  const run = async (work: () => Promise<unknown>) => {
    busy.value = true;
    try {
      await work();
    } catch (error) {
      toast(wordsOf(error), { urgent: true });
    } finally {
      busy.value = false;
    }
  };
  const follow = async () => {
    if (!found) return;
    const made = await planHoles(mission, found, t('coverage_follow_name', { name: mission.name }));
    location.hash = address('flights', made.id);
  };
  if (mission.plan.area_m2 === null || !mission.source) return null;
  const [first, last] = [found?.passes[0], found?.passes.at(-1)];
  return (
    <section class="mission-coverage">
      <h3>{t('coverage')}</h3>
      <button type="button" disabled={busy.value} onClick={() => void run(() => askCoverage(mission.id))}>
        {t('coverage_ask')}
      </button>
      {found && (
        <div role="status">
          <p>
            <strong>{t('coverage_share', { n: percent(found.share), gsd: (found.gsd_m * 100).toFixed(1) })}</strong>
          </p>
          <progress max={1} value={found.share} aria-label={t('coverage')} />
          <p class="muted">
            {t('coverage_coarse')} {area(found.coarse_m2)} · {t('coverage_unseen')} {area(found.unseen_m2)}
          </p>
          <p class="muted">
            {first && last ? t('coverage_passes', { n: found.passes.length, from: moment(first.from), to: moment(last.to) }) : t('coverage_none')}
          </p>
          {found.holes.features.length === 0 && <p>{t('coverage_whole')}</p>}
        </div>
      )}
      {maySteer && found && found.holes.features.length > 0 && mission.phase !== 'active' && (
        <button type="button" disabled={busy.value} onClick={() => void run(follow)}>
          {t('coverage_follow')}
        </button>
      )}
    </section>
  );
}
