// The pictures of an incident: close-up large, context small, with or without what was recognised.
import type { Case, StillKind } from '../api/types';
import { titleOf } from '../format';
import { t } from '../i18n';
import * as desk from './desk';
import { still } from './details';

export function Stills({ it }: { it: Case }) {
  const bare = desk.plain.value;
  const kinds = (what: 'close_up' | 'context'): StillKind[] =>
    bare ? [what, `${what}_annotated`] : [`${what}_annotated`, what];
  return (
    <div class="stills">
      <Picture it={it} what="close_up" url={still(it, ...kinds('close_up'))} bare={bare} />
      <Picture it={it} what="context" url={still(it, ...kinds('context'))} bare={bare} />
    </div>
  );
}

interface PictureProps {
  it: Case;
  what: 'close_up' | 'context';
  url: string | null;
  bare: boolean;
}

function Picture({ it, what, url, bare }: PictureProps) {
  const form = t(bare ? 'plain' : 'annotated');
  const kind = t(what);
  if (!url) {
    return (
      <div class={`still still-${what} none`}>
        <span class="muted">{t('no_still')}</span>
      </div>
    );
  }
  return (
    <button
      type="button"
      class={`still still-${what}`}
      title={`${t('toggle_annotation')} (P)`}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => {
        desk.plain.value = !bare;
      }}
    >
      <img src={url} alt={t('still_alt', { title: titleOf(it), kind, form })} decoding="sync" draggable={false} />
      <span class="still-label" aria-hidden="true">
        {kind} · {form}
      </span>
    </button>
  );
}
