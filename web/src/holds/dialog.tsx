// Why a case is put under legal hold, or why it need not be any more.
import { useSignal } from '@preact/signals';
import { wordsOf } from '../desk/desk';
import { t } from '../i18n';
import { Dialog } from '../ui/dialog';
import { toast } from '../ui/toast';
import * as state from './holds';

interface Props {
  id: string;
  title: string;
  /** The case is held: the window lifts the hold. */
  held: boolean;
  onClose: () => void;
}

export function HoldDialog({ id, title, held, onClose }: Props) {
  const busy = useSignal(false);
  const problem = useSignal('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const reason = String(new FormData(event.currentTarget as HTMLFormElement).get('reason')).trim();
    if (!reason) return;
    busy.value = true;
    try {
      await (held ? state.lift(id, reason) : state.hold(id, reason));
      toast(t(held ? 'hold_lifted_toast' : 'hold_set_toast', { title }));
      onClose();
    } catch (error) {
      problem.value = wordsOf(error);
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={t(held ? 'hold_lift_title' : 'hold_set_title')} hint={t(held ? 'hold_lift_hint' : 'hold_set_hint')} onClose={onClose}>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <p>
          <strong>{title}</strong>
        </p>
        <label>
          {t('hold_reason')}
          <input name="reason" required maxLength={300} placeholder={t('hold_reason_hint')} data-first />
        </label>
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <div class="dialog-foot">
          <button type="button" onClick={onClose}>
            {t('cancel')}
          </button>
          <button type="submit" class="primary" disabled={busy.value}>
            {t(held ? 'hold_lift' : 'hold_set')}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
