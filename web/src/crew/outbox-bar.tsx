// The bar that tells what was sent and what still waits.
import { useSignal } from '@preact/signals';
import { moment } from '../format';
import { say, t, type Key } from '../i18n';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icons';
import { type Entry, counts } from './outbox';
import { drop, entries, flush, online, retry, sending } from './sender';

const STEPS: Record<string, Key> = {
  accept: 'crew_take',
  depart: 'crew_depart',
  arrive: 'crew_arrive',
  finish: 'crew_finish',
  bounce: 'crew_bounce',
};

export function Outbox() {
  const open = useSignal(false);
  const { waiting, refused } = counts(entries.value);
  const off = !online.value;
  const kind = refused > 0 ? 'bad' : waiting > 0 || off ? 'waiting' : 'fine';
  return (
    <div class={`outbox outbox-${kind}`}>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          open.value = true;
        }}
      >
        <Icon name={off ? 'wifi_off' : refused > 0 ? 'alert' : waiting > 0 ? 'send' : 'check'} />
        <span role="status">
          {off && `${t('outbox_offline')} · `}
          {refused > 0 && `${t('outbox_refused', { n: refused })} · `}
          {waiting === 0 ? t('outbox_none') : sending.value && !off ? t('outbox_sending') : t('outbox_waiting', { n: waiting })}
        </span>
      </button>
      {open.value && (
        <Dialog
          title={t('outbox_title')}
          onClose={() => {
            open.value = false;
          }}
        >
          <List />
        </Dialog>
      )}
    </div>
  );
}

function List() {
  const list = entries.value;
  if (list.length === 0) return <p class="muted">{t('outbox_none')}</p>;
  return (
    <>
      <ul class="outbox-list">
        {list.map((entry) => (
          <li key={entry.key}>
            <span class="grow">
              {nameOfEntry(entry)}
              <br />
              <span class="muted">{moment(entry.made)}</span>
              {entry.refused !== null && <span class="problem"> {t('outbox_reason', { detail: entry.refused })}</span>}
            </span>
            {entry.refused !== null && (
              <>
                <button type="button" onClick={() => void retry(entry)}>
                  {t('retry')}
                </button>
                <button type="button" onClick={() => void drop(entry.key)}>
                  {t('outbox_drop')}
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      <button type="button" class="large" onClick={() => void flush()}>
        {t('outbox_send_now')}
      </button>
    </>
  );
}

function nameOfEntry(entry: Entry): string {
  const title = say(entry, 'title');
  if (entry.what.kind === 'report') return t('item_report', { title });
  const key = STEPS[entry.what.step];
  return t('item_operation', { step: key ? t(key) : entry.what.step, title });
}
