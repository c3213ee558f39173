import { h } from 'vue';
import Theme from 'vitepress/theme-without-fonts';
import Versions from './versions.vue';
import './style.css';

export default {
  extends: Theme,
  Layout: () =>
    h(Theme.Layout, null, {
      'nav-bar-content-after': () => h(Versions),
      'nav-screen-content-after': () => h(Versions),
    }),
};
