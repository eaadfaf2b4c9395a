// Found and closed a day, as bars with a table behind them for those who cannot see bars.
import type { Overview } from '../api/types';
import { count } from '../format';
import { t } from '../i18n';

const HEIGHT = 110;
const WIDTH = 560;

export function Trend({ city }: { city: Overview }) {
  const days = city.trend;
  const most = Math.max(1, ...days.flatMap((day) => [day.found, day.closed]));
  const step = WIDTH / Math.max(1, days.length);
  const high = (n: number) => (n / most) * (HEIGHT - 26);
  return (
    <section class="card trend" aria-label={t('trend')}>
      <h2>
        {t('trend')}
        <span class="trend-legend">
          <span class="swatch-box found" aria-hidden="true" /> {t('trend_found')}
          <span class="swatch-box closed" aria-hidden="true" /> {t('trend_closed')}
        </span>
      </h2>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t('trend_caption', { n: days.length })}>
        {days.map((day, at) => {
          const x = at * step;
          const bar = Math.min(16, step * 0.34);
          return (
            <g key={day.day}>
              <title>{`${day.day}  ${t('trend_found')} ${day.found}  ${t('trend_closed')} ${day.closed}`}</title>
              <rect class="found" x={x + step / 2 - bar - 1} y={HEIGHT - 16 - high(day.found)} width={bar} height={high(day.found)} rx="1.5" />
              <rect class="closed" x={x + step / 2 + 1} y={HEIGHT - 16 - high(day.closed)} width={bar} height={high(day.closed)} rx="1.5" />
              <text x={x + step / 2} y={HEIGHT - 3} text-anchor="middle">
                {day.day.slice(5).replace('-', '/')}
              </text>
            </g>
          );
        })}
        <text x="2" y="10">
          {count(most)}
        </text>
      </svg>
      <table class="visually-hidden">
        <caption>{t('trend_caption', { n: days.length })}</caption>
        <thead>
          <tr>
            <th scope="col">{t('day')}</th>
            <th scope="col">{t('trend_found')}</th>
            <th scope="col">{t('trend_closed')}</th>
          </tr>
        </thead>
        <tbody>
          {days.map((day) => (
            <tr key={day.day}>
              <th scope="row">{day.day}</th>
              <td>{day.found}</td>
              <td>{day.closed}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
