// Entry of the gallery, for developers: every component in every state, light and dark side by side. Not in the packages.
import { render } from 'preact';
import '../../ui/base.css';
import { startLanguage } from '../../ui/i18n.ts';
import { Gallery } from './gallery.tsx';

startLanguage(localStorage, navigator.languages);
const root = document.querySelector('#app');
if (root !== null) render(<Gallery />, root);
