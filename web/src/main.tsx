// Starts the page.
import { render } from 'preact';
import { App } from './app';
import './styles/base.css';
import './styles/desk.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
