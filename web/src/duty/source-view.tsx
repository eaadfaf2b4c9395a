// The picture of one source: renewed stills, or the live stream.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { coordinates } from '../format';
import { t } from '../i18n';
import { address } from '../router';
import { Dialog } from '../ui/dialog';
import { sources } from './overview';

const RENEW_MILLIS = 2000;

export function SourceView({ id }: { id: string }) {
  const live = useSignal(sources.peek().find((one) => one.id === id)?.kind === 'live');
  const missing = useSignal(false);
  const turn = useSignal(0);
  useEffect(() => {
    if (live.value) return undefined;
    const timer = setInterval(() => turn.value++, RENEW_MILLIS);
    return () => clearInterval(timer);
  }, [live.value]);
  const source = sources.value.find((one) => one.id === id);
  const path = `/v1/sources/${encodeURIComponent(id)}`;
  const url = live.value ? `${path}/live.mjpeg` : `${path}/still.jpg?turn=${turn.value}`;
  const choose = (wanted: boolean) => () => {
    live.value = wanted;
    missing.value = false;
  };
  return (
    <Dialog
      title={id}
      wide
      onClose={() => {
        location.hash = address('duty');
      }}
    >
      <div class="buttons" role="group" aria-label={t('source_open')}>
        <button type="button" data-first aria-pressed={live.value} onClick={choose(true)}>
          {t('source_live')}
        </button>
        <button type="button" aria-pressed={!live.value} onClick={choose(false)}>
          {t('source_still')}
        </button>
      </div>
      {source?.position && (
        <p class="muted">
          <span class="code">{coordinates(source.position)}</span> · {t('source_heading', { n: source.position.heading_deg.toFixed(0) })}
        </p>
      )}
      <div class="source-picture">
        {missing.value ? (
          <p class="notice">{t('source_no_picture')}</p>
        ) : (
          <img
            src={url}
            alt={`${id} · ${t(live.value ? 'source_live' : 'source_still')}`}
            onError={() => {
              if (live.value) live.value = false;
              else missing.value = true;
            }}
          />
        )}
      </div>
    </Dialog>
  );
}
