// The page of a crew in the field, for a phone: tasks of the department, one large button for the next step.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { onChange } from '../api/live';
import type { Case, Session } from '../api/types';
import { departments } from '../catalogue';
import { moment } from '../format';
import { nameOf, t } from '../i18n';
import { BounceDialog } from './bounce-dialog';
import { TaskCard } from './card';
import { FinishDialog } from './finish-dialog';
import { Outbox } from './outbox-bar';
import { keepSending } from './sender';
import { ask, keptAt, take, tasks } from './tasks';
import '../styles/crew.css';

const RENEW_MILLIS = 1500;

export function Crew({ who }: { who: Session }) {
  const chosen = useSignal(who.department ?? localStorage.getItem('flyonce.department') ?? '');
  const finishing = useSignal<Case | null>(null);
  const bouncing = useSignal<Case | null>(null);
  const department = chosen.value;
  useEffect(() => {
    if (!department) return undefined;
    let timer: ReturnType<typeof setTimeout> | null = null;
    const renew = () => {
      timer ??= setTimeout(() => {
        timer = null;
        void ask(department);
      }, RENEW_MILLIS);
    };
    void ask(department);
    const stops = [onChange(renew), keepSending(() => void ask(department), take)];
    addEventListener('online', renew);
    return () => {
      for (const stop of stops) stop();
      removeEventListener('online', renew);
      if (timer) clearTimeout(timer);
    };
  }, [department]);
  const office = departments.value.find((one) => one.id === department);
  const list = tasks.value;
  return (
    <div class="crew">
      <header class="crew-head">
        <h1>{office ? t('crew_title', { name: nameOf(office) }) : t('crew')}</h1>
        {!who.department && (
          <label>
            <span class="visually-hidden">{t('crew_choose')}</span>
            <select
              value={department}
              onChange={(event) => {
                chosen.value = event.currentTarget.value;
                localStorage.setItem('flyonce.department', chosen.value);
              }}
            >
              <option value="">{t('crew_choose')}</option>
              {departments.value.map((one) => (
                <option key={one.id} value={one.id}>
                  {nameOf(one)}
                </option>
              ))}
            </select>
          </label>
        )}
        {keptAt.value && (
          <p class="note" role="status">
            {t('crew_cached', { t: moment(keptAt.value) })}
          </p>
        )}
      </header>
      {department && list === null && <p class="notice">{t('loading')}</p>}
      {list?.length === 0 && <p class="notice">{t('crew_none')}</p>}
      <ul class="crew-list">
        {(list ?? []).map((it) => (
          <TaskCard
            key={it.id}
            it={it}
            onFinish={() => {
              finishing.value = it;
            }}
            onBounce={() => {
              bouncing.value = it;
            }}
          />
        ))}
      </ul>
      <Outbox />
      {finishing.value && (
        <FinishDialog
          it={finishing.value}
          onClose={() => {
            finishing.value = null;
          }}
        />
      )}
      {bouncing.value && (
        <BounceDialog
          it={bouncing.value}
          onClose={() => {
            bouncing.value = null;
          }}
        />
      )}
    </div>
  );
}
