// The operator's screen: plan a flight, launch it, watch it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { MissionHead, Session } from '../api/types';
import { nameOf, t } from '../i18n';
import { address, parts } from '../router';
import { Icon } from '../ui/icons';
import { areaOf, type Chosen } from './area';
import { FlightMap } from './flight-map';
import { asked, failed, follow, keepList, missions, opened } from './missions';
import { MissionView } from './mission-view';
import { NewFlight } from './new-flight';
import '../styles/flights.css';

const NOTHING: Chosen = { corners: [] };

export function Flights({ who }: { who: Session }) {
  const chosen = useSignal<Chosen>(NOTHING);
  const id = parts.value[1];
  const drawing = id === 'new';
  const maySteer = who.role === 'operator' || who.role === 'admin';
  useEffect(() => keepList(), []);
  useEffect(() => {
    if (!id || drawing) {
      opened.value = null;
      return undefined;
    }
    return follow(id);
  }, [id]);
  useEffect(() => {
    if (drawing) chosen.value = NOTHING;
  }, [drawing]);
  return (
    <div class="flights">
      <h1 class="visually-hidden">{t('flights')}</h1>
      <section class="flight-list" aria-label={t('flights')}>
        {maySteer && (
          <a class="button primary" href={address('flights', 'new')}>
            <Icon name="plus" /> {t('flight_new')}
          </a>
        )}
        {failed.value && (
          <p class="notice problem" role="alert">
            {t('error_no_answer')}
          </p>
        )}
        {asked.value && missions.value.length === 0 && <p class="notice muted">{t('flights_none')}</p>}
        <ul>
          {missions.value.map((one) => (
            <Row key={one.id} one={one} current={one.id === id} />
          ))}
        </ul>
      </section>
      <section class="flight-detail" aria-label={t(drawing ? 'flight_new' : 'flights')}>
        {drawing && maySteer && <NewFlight chosen={chosen} />}
        {!drawing && opened.value && <MissionView key={opened.value.id} mission={opened.value} maySteer={maySteer} />}
      </section>
      <FlightMap
        tiles={who.tiles_url}
        mission={drawing ? null : opened.value}
        draft={drawing ? chosen.value : null}
        onCorner={(corner) => {
          if (parts.peek()[1] !== 'new' || !maySteer) return;
          const now = chosen.peek();
          chosen.value = { corners: 'corners' in now ? [...now.corners, corner] : [corner] };
        }}
        wholeArea={drawing ? areaOf(chosen.value) : null}
      />
    </div>
  );
}

function Row({ one, current }: { one: MissionHead; current: boolean }) {
  return (
    <li>
      <a class={`flight-row phase-${one.phase}`} href={address('flights', one.id)} aria-current={current ? 'true' : undefined} data-mission={one.id}>
        <strong class="ellipsis">{one.name}</strong>
        <span class="flight-state">
          <span class="dot" aria-hidden="true" /> {nameOf(one.state)}
        </span>
        {one.progress && one.phase === 'active' && <progress max={100} value={one.progress.percent} aria-label={one.name} />}
      </a>
    </li>
  );
}
