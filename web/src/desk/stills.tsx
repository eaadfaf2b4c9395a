// The pictures of an incident: close-up large, context small, with or without what was recognised.
import { seesOriginals } from '../api/client';
import type { Case, StillKind } from '../api/types';
import { titleOf } from '../format';
import { t } from '../i18n';
import * as desk from './desk';
import { still } from './details';

type Kind = 'close_up' | 'context';

function chosen(it: Case, what: Kind): string | null {
  const [first, second]: StillKind[] = desk.plain.value ? [what, `${what}_annotated`] : [`${what}_annotated`, what];
  return still(it, first as StillKind, second as StillKind);
}

export const CloseUp = ({ it }: { it: Case }) => <Picture it={it} what="close_up" url={chosen(it, 'close_up')} bare={desk.plain.value} />;
export const Context = ({ it }: { it: Case }) => <Picture it={it} what="context" url={chosen(it, 'context')} bare={desk.plain.value} />;

interface PictureProps {
  it: Case;
  what: Kind;
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

/** The seconds around the finding, an original; nothing is loaded before it is played. */
export function Clip({ it }: { it: Case }) {
  const url = still(it, 'clip');
  if (!url || !seesOriginals()) return null;
  return <video key={url} class="clip" src={url} controls muted loop playsInline preload="none" aria-label={t('clip')} />;
}
