// Open incidents close by, the first of which `m` merges with.
import { useEffect } from 'preact/hooks';
import type { Detail } from '../api/types';
import { metres } from '../format';
import { language, say, t } from '../i18n';
import { MatterIcon } from '../ui/icons';
import * as desk from './desk';
import { arrivals, fetchDetail, known, still } from './details';

export function Neighbours({ detail }: { detail: Detail | null }) {
  const shown = desk.neighbour.value;
  useEffect(() => {
    if (shown) void fetchDetail(shown.id);
  }, [shown?.id]);
  void arrivals.value;
  void language.value;
  const preview = known(shown?.id ?? null);
  const picture = preview ? still(preview, 'close_up_annotated', 'close_up') : null;
  return (
    <section class="card" aria-label={t('neighbours')}>
      <h3>
        {t('neighbours')}
        {detail && detail.neighbours.length > 1 && (
          <button type="button" class="link" onClick={desk.nextNeighbour} title={t('neighbour_next')}>
            {t('neighbour_next')} <kbd>N</kbd>
          </button>
        )}
      </h3>
      {!detail ? (
        <p class="muted">{t('loading')}</p>
      ) : detail.neighbours.length === 0 ? (
        <p class="muted">{t('no_neighbours')}</p>
      ) : (
        <ul class="neighbours">
          {detail.neighbours.slice(0, 5).map((one) => (
            <li key={one.id} class={one.id === shown?.id ? 'shown' : ''}>
              {one.id === shown?.id && picture && <img src={picture} alt="" />}
              <MatterIcon matter={one.class} />
              <span class="grow">{say(one, 'title')}</span>
              <span class="muted">{metres(one.distance_m)}</span>
              {one.id === shown?.id && <kbd title={t('neighbour_shown')}>M</kbd>}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
