// The health of every source: which hop fails and what to do next.
import { useSignal } from '@preact/signals';
import { call, post } from '../api/client';
import type { Hop, Source } from '../api/types';
import { wordsOf } from '../desk/desk';
import { count, duration } from '../format';
import { say, t } from '../i18n';
import { address } from '../router';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icons';
import { toast } from '../ui/toast';
import { askSources, sources } from './overview';

const HOPS: readonly Hop[] = ['network', 'decode', 'telemetry', 'detect', 'store'];
const broken = (source: Source): boolean => source.state === 'failed' || source.state === 'stalled';

export function Sources({ mayChange, mayAdd }: { mayChange: boolean; mayAdd: boolean }) {
  const adding = useSignal(false);
  const list = [...sources.value].sort((a, b) => Number(broken(b)) - Number(broken(a)));
  const running = list.filter((one) => one.state === 'running').length;
  return (
    <section class="sources" aria-label={t('sources')}>
      <header>
        <h2>{t('sources')}</h2>
        <span class="muted">{t('sources_summary', { running, broken: list.filter(broken).length })}</span>
        {mayAdd && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              adding.value = true;
            }}
          >
            <Icon name="plus" /> {t('source_add')}
          </button>
        )}
      </header>
      <ul>
        {list.map((source) => (
          <Card key={source.id} source={source} mayChange={mayChange} mayRemove={mayAdd} />
        ))}
      </ul>
      {adding.value && (
        <AddDialog
          onClose={() => {
            adding.value = false;
          }}
        />
      )}
    </section>
  );
}

async function act(request: Promise<unknown>): Promise<void> {
  try {
    await request;
    await askSources();
  } catch (error) {
    toast(wordsOf(error), { urgent: true });
  }
}

function Card({ source, mayChange, mayRemove }: { source: Source; mayChange: boolean; mayRemove: boolean }) {
  const path = `/v1/sources/${encodeURIComponent(source.id)}`;
  const stands = source.state === 'paused';
  return (
    <li class={`source source-${source.state}`} data-source={source.id}>
      <div class="source-head">
        <span class="dot" aria-hidden="true" />
        <strong class="ellipsis">{source.id}</strong>
        <span class="mark">{t(`source_kind_${source.kind}`)}</span>
        <span class="source-state">{t(`state_${source.state}`)}</span>
      </div>
      <p class="code ellipsis muted" title={source.uri}>
        {source.uri}
      </p>
      <Chain source={source} />
      {say(source, 'problem') && (
        <p class="source-problem">
          <strong>
            {source.hop ? `${t('hop_broken', { hop: t(`hop_${source.hop}`) })} · ` : ''}
            {say(source, 'problem')}
          </strong>
          {say(source, 'next_step') && (
            <span>
              {t('source_next')}: {say(source, 'next_step')}
            </span>
          )}
        </p>
      )}
      <p class="source-numbers muted">
        {count(source.frames)} {t('source_frames')} · {count(source.detections)} {t('source_detections')}
        {source.dropped > 0 && ` · ${count(source.dropped)} ${t('source_dropped')}`}
        {source.age_s !== null && ` · ${t('source_age')} ${source.age_s < 60 ? `${source.age_s.toFixed(1)} s` : duration(source.age_s * 1000)}`}
      </p>
      <p class="source-acts">
        <a class="button" href={address('duty', 'source', source.id)}>
          <Icon name="eye" /> {t('source_open')}
        </a>
        {mayChange && (
          <button type="button" onClick={() => void act(post(`${path}/${stands ? 'resume' : 'pause'}`))}>
            <Icon name={stands ? 'play' : 'pause'} /> {t(stands ? 'source_resume' : 'source_pause')}
          </button>
        )}
        {mayRemove && (
          <button
            type="button"
            class="quiet"
            onClick={() => {
              if (confirm(t('source_remove_ask', { id: source.id }))) void act(call('DELETE', path));
            }}
          >
            {t('source_remove')}
          </button>
        )}
      </p>
    </li>
  );
}

/** The hops from camera to store; the one that fails is marked. */
function Chain({ source }: { source: Source }) {
  const at = source.hop ? HOPS.indexOf(source.hop) : -1;
  const idle = ['paused', 'ended', 'starting'].includes(source.state);
  return (
    <ol class="chain" aria-label={t('hops')}>
      {HOPS.map((hop, index) => {
        const kind = idle ? 'idle' : at < 0 || index < at ? 'fine' : index === at ? 'bad' : 'idle';
        return (
          <li key={hop} class={kind}>
            {t(`hop_${hop}`)}
          </li>
        );
      })}
    </ol>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    await act(post('/v1/sources', { id: String(form.get('id')).trim(), uri: String(form.get('uri')).trim() }));
    onClose();
  };
  return (
    <Dialog title={t('source_add')} onClose={onClose}>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <label>
          {t('source_id')}
          <input name="id" required pattern="[A-Za-z0-9._\-]{1,64}" data-first />
        </label>
        <label>
          {t('source_uri')}
          <input name="uri" required placeholder="rtsp://…" />
        </label>
        <p class="dialog-foot">
          <button type="submit" class="primary">
            {t('source_add')}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
