// "Not ours": why a task goes back.
import { useSignal } from '@preact/signals';
import type { Case } from '../api/types';
import { titleOf } from '../format';
import { both, t, type Key } from '../i18n';
import { Dialog } from '../ui/dialog';
import { toast } from '../ui/toast';
import { online, put } from './sender';

const WHY: readonly Key[] = ['crew_why_area', 'crew_why_matter', 'crew_why_nothing'];

export function BounceDialog({ it, onClose }: { it: Case; onClose: () => void }) {
  const other = useSignal('');
  const send = async (reason: string) => {
    await put(it, { kind: 'step', step: 'bounce', reason });
    if (!online.peek()) toast(t('crew_saved_offline'));
    onClose();
  };
  return (
    <Dialog title={t('crew_bounce_title')} hint={titleOf(it)} onClose={onClose}>
      <ul class="choices large">
        {WHY.map((why, at) => (
          <li key={why}>
            <button type="button" data-first={at === 0 || undefined} onClick={() => void send(both(why))}>
              {t(why)}
            </button>
          </li>
        ))}
      </ul>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          if (other.value.trim()) void send(other.value.trim());
        }}
      >
        <label>
          {t('crew_why_other')}
          <input
            maxLength={300}
            value={other.value}
            onInput={(event) => {
              other.value = event.currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="large" disabled={!other.value.trim()}>
          {t('crew_bounce_send')}
        </button>
      </form>
    </Dialog>
  );
}
