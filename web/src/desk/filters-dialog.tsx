// The window in which the queue is narrowed.
import { useEffect } from 'preact/hooks';
import { classes, departments, loadZones, zones } from '../catalogue';
import { nameOf, t } from '../i18n';
import { Dialog } from '../ui/dialog';
import * as desk from './desk';
import { none, type View } from './filters';

const VIEWS: readonly View[] = ['waiting', 'sent', 'done', 'over', 'all'];
const LEVELS = ['district', 'township', 'community'];

export function FiltersDialog() {
  useEffect(() => void loadZones(), []);
  const filters = desk.filters.value;
  const areas = (zones.value?.features ?? [])
    .map((zone) => zone.properties)
    .filter((zone) => LEVELS.includes(zone.level))
    .sort((a, b) => a.code.localeCompare(b.code));
  const close = () => {
    desk.dialog.value = null;
  };
  return (
    <Dialog title={t('filters')} onClose={close}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault();
          close();
        }}
      >
        <label>
          {t('filter_state')}
          <select data-first value={filters.state} onChange={(e) => desk.setFilters({ state: e.currentTarget.value as View })}>
            {VIEWS.map((view) => (
              <option key={view} value={view}>
                {t(`view_${view}`)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('filter_class')}
          <select value={filters.class} onChange={(e) => desk.setFilters({ class: e.currentTarget.value })}>
            <option value="">{t('all_classes')}</option>
            {classes.value.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('filter_department')}
          <select value={filters.department} onChange={(e) => desk.setFilters({ department: e.currentTarget.value })}>
            <option value="">{t('all_departments')}</option>
            {departments.value.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        <label>
          {t('filter_zone')}
          <select value={filters.zone} onChange={(e) => desk.setFilters({ zone: e.currentTarget.value })}>
            <option value="">{t('all_districts')}</option>
            {areas.map((one) => (
              <option key={one.code} value={one.code}>
                {'\u2003'.repeat(LEVELS.indexOf(one.level)) + nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        <label class="check">
          <input type="checkbox" checked={filters.overdue} onChange={(e) => desk.setFilters({ overdue: e.currentTarget.checked })} />
          {t('only_overdue')}
        </label>
        <p class="dialog-foot">
          <button type="button" onClick={() => desk.setFilters({ ...none, q: filters.q })}>
            {t('clear_filters')}
          </button>
          <button type="submit" class="primary">
            {t('close')}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
