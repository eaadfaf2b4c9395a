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
  const count = detail?.neighbours.length ?? 0;
  return (
    <section class="card neighbour" aria-label={t('neighbours')}>
      <h3>
        {t('neighbours')}
        {count > 1 && (
          <button
            type="button"
            class="link"
            title={t('neighbour_next')}
            onMouseDown={(event) => event.preventDefault()}
            onClick={desk.nextNeighbour}
          >
            <span class="visually-hidden">{t('neighbour_next')}</span>
            {(desk.neighbourIndex.value % count) + 1}/{count} <kbd>N</kbd>
          </button>
        )}
      </h3>
      {!detail && <p class="muted">{t('loading')}</p>}
      {detail && !shown && <p class="muted">{t('no_neighbours')}</p>}
      {shown && (
        <div class="neighbour-shown">
          {picture ? <img src={picture} alt="" /> : <MatterIcon matter={shown.class} />}
          <div>
            <p>{say(shown, 'title')}</p>
            <p class="muted">
              {metres(shown.distance_m)} · {t('neighbour_shown')}
            </p>
          </div>
        </div>
      )}
    </section>
  );
}
