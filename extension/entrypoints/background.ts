// The background script: keeps the host of the frames alive and opens the dashboard. It holds no state.
import { defineBackground } from 'wxt/utils/define-background';
import { browser } from 'wxt/browser';

const background: ReturnType<typeof defineBackground> = defineBackground(() => {
  browser.runtime.onInstalled.addListener(() => {});
});
export default background;
