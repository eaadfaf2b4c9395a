// The desk: queue, incident, map side by side.
import { useEffect, useLayoutEffect } from 'preact/hooks';
import type { Session } from '../api/types';
import { HoldDialog } from '../holds/dialog';
import { holdOf, load as loadHolds, mayHold } from '../holds/holds';
import { titleOf } from '../format';
import { note, parts } from '../router';
import { t } from '../i18n';
import { Actions } from './actions';
import { FiltersDialog, HelpDialog, ReassignDialog, RejectDialog, SplitDialog } from './dialogs';
import * as desk from './desk';
import { keepFloods } from './groups';
import { Incident } from './incident';
import { onKey } from './keys';
import { QueueList } from './list';
import { MapPane } from './map-pane';
import { keepPresence } from './presence';

const NOTE_MILLIS = 400;

export function Desk({ who }: { who: Session }) {
  useLayoutEffect(() => {
    desk.mayDecide.value = who.role !== 'duty';
    desk.mayHold.value = mayHold(who.role);
    loadHolds().catch(() => undefined);
    const close = desk.openDesk(parts.peek()[1] ?? null);
    const leave = keepPresence();
    const dry = keepFloods();
    addEventListener('keydown', onKey);
    return () => {
      removeEventListener('keydown', onKey);
      leave();
      dry();
      close();
    };
  }, []);
  const id = desk.queue.value.current;
  useEffect(() => {
    const timer = setTimeout(() => id && note('desk', id), NOTE_MILLIS);
    return () => clearTimeout(timer);
  }, [id]);
  return (
    <div class="desk">
      <QueueList />
      <section class="middle" aria-label={t('incident')}>
        <Incident />
        <Actions />
      </section>
      <MapPane tiles={who.tiles_url} />
      <Windows />
    </div>
  );
}

function Windows() {
  switch (desk.dialog.value) {
    case 'reject':
      return <RejectDialog />;
    case 'reassign':
      return <ReassignDialog />;
    case 'split':
      return <SplitDialog />;
    case 'help':
      return <HelpDialog />;
    case 'filters':
      return <FiltersDialog />;
    case 'hold':
      return <Hold />;
    default:
      return null;
  }
}

function Hold() {
  const it = desk.current.value?.it;
  if (!it) return null;
  const close = () => {
    desk.dialog.value = null;
  };
  return <HoldDialog id={it.id} title={titleOf(it)} held={holdOf(it.id) !== null} onClose={close} />;
}
