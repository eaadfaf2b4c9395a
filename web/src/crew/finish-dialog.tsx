// "Done": a photo of the place, where it was taken, and a word about it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Case } from '../api/types';
import { metres, titleOf } from '../format';
import { t } from '../i18n';
import { Dialog } from '../ui/dialog';
import { Icon } from '../ui/icons';
import { toast } from '../ui/toast';
import { locate, shrink, type Place } from './photo';
import { online, put } from './sender';

type Where = 'looking' | 'none' | Place;

export function FinishDialog({ it, onClose }: { it: Case; onClose: () => void }) {
  const photo = useSignal<Blob | null>(null);
  const preview = useSignal('');
  const where = useSignal<Where>('looking');
  const note = useSignal('');
  const problem = useSignal('');
  const find = async () => {
    where.value = 'looking';
    where.value = (await locate()) ?? 'none';
  };
  useEffect(() => {
    void find();
    return () => URL.revokeObjectURL(preview.peek());
  }, []);
  const take = async (file: File | undefined) => {
    if (!file) return;
    photo.value = await shrink(file);
    URL.revokeObjectURL(preview.peek());
    preview.value = URL.createObjectURL(photo.value);
    problem.value = '';
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!photo.value) {
      problem.value = t('crew_photo_needed');
      return;
    }
    const place = placeOf(where.value, it);
    await put(it, { kind: 'report', note: note.value.trim(), lat_deg: place?.lat_deg ?? null, lon_deg: place?.lon_deg ?? null, photo: photo.value });
    await put(it, { kind: 'step', step: 'finish', reason: note.value.trim() });
    if (!online.peek()) toast(t('crew_saved_offline'));
    onClose();
  };
  return (
    <Dialog title={t('crew_finish')} hint={titleOf(it)} onClose={onClose}>
      <form class="fields" onSubmit={(event) => void submit(event)}>
        <label class="photo">
          {preview.value ? <img src={preview.value} alt={t('crew_photo')} /> : <Icon name="camera" />}
          <span>{t(preview.value ? 'crew_photo_again' : 'crew_photo')}</span>
          <input
            type="file"
            accept="image/*"
            capture="environment"
            onChange={(event) => void take(event.currentTarget.files?.[0])}
          />
        </label>
        <p class="where" role="status">
          <Icon name="pin" /> {wordsOf(where.value)}
          {where.value === 'none' && (
            <button type="button" class="link" onClick={() => void find()}>
              {t('crew_locate_again')}
            </button>
          )}
          {where.value === 'looking' && (
            <button
              type="button"
              class="link"
              onClick={() => {
                where.value = 'none';
              }}
            >
              {t('crew_at_task')}
            </button>
          )}
        </p>
        <label>
          {t('crew_note')}
          <textarea
            rows={2}
            maxLength={500}
            value={note.value}
            onInput={(event) => {
              note.value = event.currentTarget.value;
            }}
          />
        </label>
        <p class="problem" role="alert">
          {problem.value}
        </p>
        <button type="submit" class="primary large">
          {t('crew_submit')}
        </button>
      </form>
    </Dialog>
  );
}

/** Where the photo was taken: measured, else where the task is. */
function placeOf(where: Where, it: Case): { lat_deg: number; lon_deg: number } | null {
  return typeof where === 'object' ? where : it.position;
}

function wordsOf(where: Where): string {
  if (where === 'looking') return t('crew_locating');
  return where === 'none' ? t('crew_not_located') : t('crew_located', { m: metres(where.error_m) });
}
