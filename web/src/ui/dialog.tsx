// A modal window by the browser's own dialog: focus stays inside, Escape closes, focus returns.
import type { ComponentChildren } from 'preact';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { t } from '../i18n';
import { Icon } from './icons';

interface Props {
  title: string;
  hint?: string;
  onClose: () => void;
  onKeyDown?: (event: KeyboardEvent) => void;
  children: ComponentChildren;
  wide?: boolean;
}

export function Dialog({ title, hint, onClose, onKeyDown, children, wide }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the paint, so that a key pressed at once already belongs to the window.
  useLayoutEffect(() => {
    const dialog = element.current;
    if (!dialog) return undefined;
    dialog.showModal();
    dialog.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => dialog.close();
  }, []);
  return (
    <dialog
      ref={element}
      class={wide ? 'dialog wide' : 'dialog'}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
      onKeyDown={(event) => {
        event.stopPropagation();
        onKeyDown?.(event);
      }}
    >
      <div class="dialog-body">
        <header class="dialog-head">
          <div>
            <h2 id={id}>{title}</h2>
            {hint && <p class="muted">{hint}</p>}
          </div>
          <button type="button" class="icon-button" aria-label={t('close')} onClick={onClose}>
            <Icon name="cross" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
