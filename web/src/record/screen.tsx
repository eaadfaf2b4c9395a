// The department record of a month: shares closed, in time and redone, and the same as CSV.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { get, query } from '../api/client';
import type { RecordRow, Session } from '../api/types';
import { classes, loadZones, zones } from '../catalogue';
import { wordsOf } from '../desk/desk';
import { count, momentInFull, percent } from '../format';
import { language, nameOf, t } from '../i18n';
import { Icon } from '../ui/icons';
import { bounds, byDepartment, monthOf, together } from './rows';
import '../styles/record.css';

export function Record({ who }: { who: Session }) {
  const month = useSignal(monthOf(new Date()));
  const rows = useSignal<RecordRow[] | null>(null);
  const problem = useSignal('');
  const full = useSignal(false);
  const range = bounds(month.value);
  useEffect(() => void loadZones(), []);
  useEffect(() => {
    rows.value = null;
    const stop = new AbortController();
    get<RecordRow[]>(`/v1/record${query(range)}`, stop.signal).then(
      (found) => {
        rows.value = found;
        problem.value = '';
      },
      (error: unknown) => {
        if (!stop.signal.aborted) problem.value = wordsOf(error);
      },
    );
    return () => stop.abort();
  }, [month.value]);
  const shown = rows.value === null ? null : full.value ? rows.value : byDepartment(rows.value);
  return (
    <div class="record">
      <header>
        <h1>{t('record')}</h1>
        <label>
          {t('month')}
          <input
            type="month"
            value={month.value}
            max={monthOf(new Date())}
            onChange={(event) => {
              if (event.currentTarget.value) month.value = event.currentTarget.value;
            }}
          />
        </label>
        <label>
          {t('group_by')}
          <select
            value={full.value ? 'full' : 'department'}
            onChange={(event) => {
              full.value = event.currentTarget.value === 'full';
            }}
          >
            <option value="department">{t('group_department')}</option>
            <option value="full">{t('group_full')}</option>
          </select>
        </label>
        <a class="button" href={`/v1/record.csv${query(range)}`} download={`record-${month.value}.csv`}>
          <Icon name="clip" /> {t('download_csv')}
        </a>
        <button type="button" disabled={!shown?.length} title={t('record_pdf_hint')} onClick={() => print(`${t('record')} ${month.value}`)}>
          <Icon name="page" /> {t('record_pdf')}
        </button>
      </header>
      <PaperHead who={who} from={range.from} to={range.to} />
      {problem.value && (
        <p class="notice problem" role="alert">
          {problem.value}
        </p>
      )}
      {shown === null && !problem.value && <p class="notice">{t('loading')}</p>}
      {shown?.length === 0 && <p class="notice">{t('record_empty')}</p>}
      {shown && shown.length > 0 && <Table rows={shown} full={full.value} own={who.department} />}
      {shown && shown.length > 0 && <PaperFoot />}
    </div>
  );
}

/** Prints the record: the browser makes paper or a PDF of it, in a file of this name, with the fonts of the device. */
function print(name: string): void {
  const before = document.title;
  document.title = name;
  addEventListener('afterprint', () => (document.title = before), { once: true });
  window.print();
}

/** What stands above the table on paper, where the frame of the page is not. */
function PaperHead({ who, from, to }: { who: Session; from: string; to: string }) {
  return (
    <div class="paper">
      <h1>
        {language.value === 'zh' ? who.city_zh : who.city_en} · {t('record')}
      </h1>
      <p>{t('record_days', { from, to })}</p>
    </div>
  );
}

function PaperFoot() {
  return (
    <div class="paper paper-foot">
      <p>{t('record_meaning')}</p>
      <p>{t('record_printed', { at: momentInFull(new Date().toISOString()), product: t('product_long') })}</p>
    </div>
  );
}

function Table({ rows, full, own }: { rows: RecordRow[]; full: boolean; own: string | null }) {
  const all = together(rows, { department: '', zh: '', en: '' });
  return (
    <div class="card table-scroll" tabIndex={0} role="region" aria-label={t('record')}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t('department')}</th>
            {full && <th scope="col">{t('record_zone')}</th>}
            {full && <th scope="col">{t('matter')}</th>}
            <th scope="col" class="n">
              {t('record_tasks')}
            </th>
            <th scope="col" class="n">
              {t('record_closed')}
            </th>
            <th scope="col" class="n">
              {t('record_in_time')}
            </th>
            <th scope="col" class="n">
              {t('record_redone')}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, at) => (
            <tr key={`${row.department}-${row.zone}-${row.class}-${at}`} class={row.department === own ? 'own' : ''}>
              <th scope="row">{nameOf(row)}</th>
              {full && <td>{zoneName(row.zone)}</td>}
              {full && <td>{className(row.class)}</td>}
              <Numbers row={row} />
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row" colSpan={full ? 3 : 1}>
              {t('record_all_rows')}
            </th>
            <Numbers row={all} />
          </tr>
        </tfoot>
      </table>
    </div>
  );
}

function Numbers({ row }: { row: RecordRow }) {
  return (
    <>
      <td class="n">{count(row.tasks)}</td>
      <Share share={row.closed_share} />
      <Share share={row.in_time_share} />
      <Share share={row.redone_share} bad />
    </>
  );
}

function Share({ share, bad }: { share: number; bad?: boolean }) {
  return (
    <td class="n">
      {percent(share)}
      <span class={bad ? 'share bad' : 'share'} aria-hidden="true">
        <span style={{ width: `${Math.round(share * 100)}%` }} />
      </span>
    </td>
  );
}

function zoneName(code: string): string {
  const found = zones.value?.features.find((zone) => zone.properties.code === code);
  return found ? nameOf(found.properties) : code;
}

function className(id: string): string {
  const found = classes.value.find((one) => one.id === id);
  return found ? nameOf(found) : id;
}
