// The corner where messages appear; read out politely, urgent ones at once.
import { Icon } from './icons';
import { dismiss, toasts } from './toast';
import { t } from '../i18n';

export function Toasts() {
  const list = toasts.value;
  return (
    <div class="toasts">
      <div role="status" aria-live="polite">
        {list.filter((one) => !one.urgent).map((one) => <One key={one.id} {...one} />)}
      </div>
      <div role="alert">{list.filter((one) => one.urgent).map((one) => <One key={one.id} {...one} />)}</div>
    </div>
  );
}

function One({ id, text, urgent, action }: (typeof toasts.value)[number]) {
  return (
    <div class={urgent ? 'toast urgent' : 'toast'}>
      <span>{text}</span>
      {action && (
        <button
          type="button"
          class="link"
          onClick={() => {
            action.run();
            dismiss(id);
          }}
        >
          {action.label}
        </button>
      )}
      <button type="button" class="icon-button" aria-label={t('close')} onClick={() => dismiss(id)}>
        <Icon name="cross" />
      </button>
    </div>
  );
}
