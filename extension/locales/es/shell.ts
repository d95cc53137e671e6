// Spanish: the frame of the dashboard, and the words of the components that every page uses.
import type { shell as English } from '../en/shell.ts';

export const shell: typeof English = {
  parts: {
    back: 'Atrás',
    close: 'Cerrar',
    closeMessage: 'Cerrar este mensaje',
    copy: (what) => `Copiar ${what}`,
    copied: (what) => `Copiado: ${what}`,
    showWhole: (what, short) => `Mostrar entera ${what}: ${short}`,
    showLess: (what) => `Mostrar abreviada ${what}`,
    showPassword: 'Mostrar la contraseña',
    hidePassword: 'Ocultar la contraseña',
    stepDone: ', hecho',
  },
};
