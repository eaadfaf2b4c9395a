// Starts the page.
import { render } from 'preact';
import { loadSession, session } from './api/client';
import { App } from './app';
import { t } from './i18n';
import { toast } from './ui/toast';
import './styles/base.css';
import './styles/desk.css';

loadSession().catch(() => {
  session.value = null;
  toast(t('sign_in_later'), { urgent: true });
});

const root = document.getElementById('app');
if (root) render(<App />, root);

if ('serviceWorker' in navigator && import.meta.env.PROD) {
  addEventListener('load', () => void navigator.serviceWorker.register('/sw.js').catch(() => undefined));
}
