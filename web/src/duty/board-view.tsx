// Open and overdue tasks by department and stage: numbers first, bars beside them.
import type { Overview } from '../api/types';
import { count } from '../format';
import { nameOf, t } from '../i18n';
import { STAGES, busy, byStage } from './board';

export function Board({ city }: { city: Overview }) {
  const rows = busy(city.departments);
  const most = Math.max(1, ...rows.map((row) => row.open));
  return (
    <section class="card board" aria-label={t('by_department')}>
      <h2>{t('by_department')}</h2>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={t('by_department')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('department')}</th>
              <th scope="col" class="n">
                {t('open')}
              </th>
              <th scope="col" class="n">
                {t('overdue')}
              </th>
              {STAGES.map(({ key }) => (
                <th key={key} scope="col" class="n">
                  {t(key)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.id} data-department={row.id}>
                <th scope="row">
                  {nameOf(row)}
                  <span class="bar" aria-hidden="true">
                    <span class="bar-open" style={{ width: `${(row.open / most) * 100}%` }} />
                    <span class="bar-late" style={{ width: `${(row.overdue / most) * 100}%` }} />
                  </span>
                </th>
                <td class="n strong">{count(row.open)}</td>
                <td class={row.overdue > 0 ? 'n strong problem' : 'n muted'}>{count(row.overdue)}</td>
                {byStage(row).map((n, at) => (
                  <td key={STAGES[at]?.key} class={n > 0 ? 'n' : 'n muted'}>
                    {count(n)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{t('record_all_rows')}</th>
              <td class="n strong">{count(rows.reduce((sum, row) => sum + row.open, 0))}</td>
              <td class="n strong">{count(rows.reduce((sum, row) => sum + row.overdue, 0))}</td>
              {STAGES.map(({ key }, at) => (
                <td key={key} class="n">
                  {count(rows.reduce((sum, row) => sum + (byStage(row)[at] ?? 0), 0))}
                </td>
              ))}
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}
