// The duty officer's screen: the whole city in numbers, on the map, and by source.
import { useEffect } from 'preact/hooks';
import type { Overview, Session } from '../api/types';
import { count, momentInFull } from '../format';
import { t, type Key } from '../i18n';
import { parts } from '../router';
import { Board } from './board-view';
import { DutyMap } from './duty-map';
import * as state from './overview';
import { SourceView } from './source-view';
import { Sources } from './sources';
import { Trend } from './trend';
import '../styles/duty.css';

export function Duty({ who }: { who: Session }) {
  useEffect(() => state.keepFresh(), []);
  const id = parts.value[1] === 'source' ? parts.value[2] : undefined;
  const city = state.overview.value;
  if (!city) return <p class="notice">{t(state.failed.value ? 'error_no_answer' : 'loading')}</p>;
  const mayChange = who.role === 'operator' || who.role === 'admin' || who.role === 'duty';
  return (
    <div class="duty">
      <h1 class="visually-hidden">{t('overview')}</h1>
      <Totals city={city} />
      <div class="duty-grid">
        <div class="duty-left">
          <Board city={city} />
          <Trend city={city} />
        </div>
        <DutyMap city={city} tiles={who.tiles_url} />
        <Sources mayChange={mayChange} mayAdd={who.role === 'operator' || who.role === 'admin'} />
      </div>
      {id && <SourceView key={id} id={id} />}
    </div>
  );
}

const TOTALS: readonly [keyof Overview['totals'], Key, string][] = [
  ['waiting', 'total_waiting', ''],
  ['open', 'total_open', ''],
  ['overdue', 'total_overdue', 'late'],
  ['done', 'total_done', ''],
  ['closed', 'total_closed', ''],
];

function Totals({ city }: { city: Overview }) {
  return (
    <div class="totals">
      <dl>
        {TOTALS.map(([name, key, kind]) => (
          <div key={name} class={`total ${city.totals[name] > 0 ? kind : ''}`}>
            <dt>{t(key)}</dt>
            <dd>{count(city.totals[name])}</dd>
          </div>
        ))}
      </dl>
      <p class="muted">
        {state.failed.value && <span class="problem">{t('error_no_answer')} · </span>}
        <time title={momentInFull(city.at)}>{t('as_of', { t: momentInFull(city.at) })}</time>
      </p>
    </div>
  );
}

