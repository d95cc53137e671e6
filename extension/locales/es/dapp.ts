// Spanish: what web pages ask of the wallet.
import type { dapp as English } from '../en/dapp.ts';
export const dapp: typeof English = {
  title: 'Una página pregunta',
  loading: 'Leyendo lo que pide la página',
  gone: 'La página ya no espera respuesta',
  goneSays: 'Se ha cerrado, ha esperado demasiado o ha cambiado la cuenta o la red. No se ha firmado nada ni se le ha mostrado nada.',
  nothing: 'Nada que decidir',
  nothingSays: 'Cuando una página web quiera conectarse o que firmes algo, lo decidirás aquí.',
  next: 'Ver qué más espera',
  close: 'Cerrar esta ventana',
  connect: {
    title: '¿Conectar esta página?',
    insecure:
      'Esta página no está cifrada: quien esté entre tú y ella puede cambiar lo que pide. Conéctala solo si sabes por qué lo haces.',
    seesAddress: 'Verá la dirección de esta cuenta y lo que ha ocurrido en ella.',
    seesBalance: 'Verá el saldo y los tokens, y podrá pedirte firmas.',
    seesGovernance: 'Verá la clave de participación y la clave DRep de la cuenta, para mostrar votos y delegaciones.',
    never: 'Nunca puede firmar por sí misma: se te pregunta cada vez.',
    account: 'Cuenta',
    accountHint: 'La página solo ve esta cuenta. Si eliges otra, cambia en todo el monedero.',
    days: 'Durante cuánto tiempo',
    dayCount: (days: number): string => (days === 1 ? '1 día' : `${days} días`),
    refuse: 'Rechazar',
    action: 'Conectar',
  },
};
