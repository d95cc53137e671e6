// Spanish: the signing sheet.
import type { CertificateName, RiskCode } from '../../preview/preview.ts';
import type { Hold } from '../../preview/approve-guard.ts';
import type { RiskWords, sheet as English } from '../en/sheet.ts';

const some = (count: number, one: string, many: string): string => (count === 1 ? `1 ${one}` : `${count} ${many}`);

const risks: Record<RiskCode, (facts: RiskWords) => string> = {
  'network-mismatch': ({ address }) =>
    address === ''
      ? 'Esta transacción es para la red principal de Cardano. Este monedero es solo para redes de prueba, así que aquí no se puede firmar.'
      : `${address} es una dirección de la red principal de Cardano. El dinero enviado allí desde una red de prueba se perdería.`,
  'byron-address': ({ address }) =>
    `${address} es una dirección del antiguo tipo Byron, que pocos monederos abren ya. Pide al destinatario una que empiece por addr_test1.`,
  'unknown-script': ({ address }) =>
    address === ''
      ? 'Ejecuta un contrato que este monedero no conoce. Lo que el contrato permita después no se puede mostrar aquí.'
      : `Trata con el contrato ${address}, que este monedero no conoce. Lo que el contrato permita después no se puede mostrar aquí.`,
  'foreign-oracles': ({ count }) =>
    `Parece un bloqueo de NuNet, pero ${some(count, 'de sus oráculos no está', 'de sus oráculos no están')} en el registro de la red. Quien tenga esas claves podría quedarse con el dinero. No sigas.`,
  'quote-mismatch': () => 'Parece un bloqueo de NuNet, pero sus condiciones no son las de una oferta firmada. No sigas; pide otra oferta.',
  'quote-missing': () =>
    'Es un bloqueo de NuNet, pero este monedero no tiene ninguna oferta firmada con la que compararlo. Sigue solo si sabes quién lo ha hecho.',
  'datum-missing': ({ count }) =>
    `Paga a ${some(count, 'contrato', 'contratos')} sin dato adjunto (datum). La mayoría de los contratos nunca devuelven ese dinero.`,
  'collateral-at-risk': ({ amount }) => `Si un contrato falla, pierdes en su lugar la garantía de ${amount}.`,
  'no-expiry': () => 'No caduca: una vez firmada, quien la tenga puede enviarla cuando quiera.',
  expired: ({ time }) => `Era válida hasta ${time}, así que ningún bloque la acepta ya. Pide una nueva.`,
  'new-recipient': ({ address, count }) =>
    count > 1
      ? `No has pagado antes a ${count} de estas direcciones. Compáralas con las que te dieron.`
      : `No has pagado antes a ${address}. Compara la dirección entera con la que te dieron.`,
  'look-alike-address': ({ address, like }) =>
    `${address} empieza y termina como ${like}, que conoces, pero es otra dirección. Se fabrican así para que las tomes por la tuya o la de un contacto.`,
  'large-part': ({ percent }) => `Es el ${percent} % de lo que tienes.`,
  'empties-wallet': () => 'Es todo, o casi todo, lo que tienes.',
  'foreign-inputs': ({ count, of }) =>
    `${count} de ${some(of, 'entrada', 'entradas')} son de otra persona: solo tiene efecto cuando también firme.`,
  'unresolved-inputs': ({ count }) =>
    `La cadena no conoce ${some(count, 'entrada', 'entradas')}. La pérdida de arriba las cuenta como tuyas, así que la real puede ser menor.`,
  certificates: ({ count, foreign }) =>
    foreign > 0
      ? `Lleva ${some(count, 'certificado', 'certificados')}, ${foreign} sobre claves que no son tuyas.`
      : `Lleva ${some(count, 'certificado', 'certificados')}: cambian cómo se delegan tus ADA o quién vota con ellas.`,
  'unknown-certificates': ({ count }) =>
    `Lleva ${some(count, 'certificado', 'certificados')} de un tipo que este monedero no sabe leer, así que aquí no se puede firmar.`,
  withdrawals: ({ count, foreign, amount }) =>
    foreign > 0
      ? `Retira recompensas de ${some(count, 'cuenta', 'cuentas')}, ${foreign} de ellas ajenas (${amount} en total).`
      : `Retira tus recompensas de participación, ${amount}; mira adónde van.`,
  votes: ({ count }) => `Emite ${some(count, 'voto de gobernanza', 'votos de gobernanza')}.`,
  proposals: ({ count, amount }) => `Presenta ${some(count, 'propuesta de gobernanza', 'propuestas de gobernanza')} y deposita ${amount}.`,
  donation: ({ amount }) => `Regala ${amount} al tesoro a cambio de nada.`,
  mint: ({ count, foreign }) =>
    foreign > 0
      ? `Crea o destruye ${some(count, 'tipo de token', 'tipos de tokens')}; ${foreign} se destruyen de lo que aquí se gasta.`
      : `Crea o destruye ${some(count, 'tipo de token', 'tipos de tokens')}. Cualquiera puede ponerle a un token el nombre de otro.`,
  'high-fee': ({ amount }) => `Su comisión es de ${amount}; la mayoría de las transacciones cuestan menos de 1 ADA.`,
  'foreign-change': ({ address, text }) =>
    text === 'payment'
      ? `${address} se abre con tu clave, pero no lleva tu clave de participación: sus recompensas y votos son de otra persona o de nadie. Este monedero no mostrará lo que haya allí.`
      : `${address} lleva tu clave de participación, pero la abre la clave de otra persona. Parece tu dirección y no lo es.`,
  'burdened-change': ({ count }) =>
    `${some(count, 'salida tuya lleva', 'salidas tuyas llevan')} un script; este monedero no gasta salidas así por sí mismo.`,
  'unknown-fields': ({ text }) => `Tiene campos que este monedero no sabe leer (${text}), así que aquí no se puede firmar.`,
  'script-data-without-script': () =>
    'Está atada a lo que se les dice a los contratos, y eso no se ha enviado con ella, así que no se puede mostrar.',
  'metadata-unseen': () =>
    'Lleva metadatos que no se han enviado con ella o que no están atados a ella, así que no se puede mostrar lo que quedará en la cadena.',
  'odd-encoding': () => 'Está escrita de un modo poco habitual. Los programas pueden leerla de forma distinta.',
  'marked-invalid': () => 'Está hecha para fallar: solo se cobraría la garantía. Aquí no se puede firmar.',
  'hidden-characters': () => 'El texto tiene caracteres que no se ven o que cambian su sentido. Están marcados con \ufffd.',
  'not-text': () => 'Esto no es texto legible. Fírmalo solo si sabes para qué es.',
  'other-site': ({ text, address }) =>
    `El texto nombra el sitio ${text}, pero quien lo pide es ${address}. Iniciarías sesión en otro lugar.`,
};

const certificates: Record<CertificateName, string> = {
  'stake-registration': 'Registrar la clave de participación',
  'stake-deregistration': 'Dar de baja la clave de participación',
  'stake-delegation': 'Delegar en un pool',
  'pool-registration': 'Registrar un pool',
  'pool-retirement': 'Retirar un pool',
  'vote-delegation': 'Delegar el voto',
  'stake-vote-delegation': 'Delegar en un pool, y el voto',
  'stake-registration-delegation': 'Registrar la clave de participación y delegar en un pool',
  'vote-registration-delegation': 'Registrar la clave de participación y delegar el voto',
  'stake-vote-registration-delegation': 'Registrar la clave de participación, delegar en un pool, y el voto',
  'committee-authorization': 'Autorizar una clave del comité',
  'committee-resignation': 'Renunciar al comité',
  'drep-registration': 'Registrarse como DRep',
  'drep-deregistration': 'Darse de baja como DRep',
  'drep-update': 'Actualizar el DRep',
  unknown: 'Certificado desconocido',
};

const holds: Record<Hold, string> = {
  stop: 'Esto no se puede firmar.',
  'not-ready': 'Preguntando a la bóveda…',
  unread: 'Desplázate antes hasta el final.',
  'just-shown': 'Un momento…',
  word: 'Escribe la palabra que se pide para seguir.',
};

export const sheet: typeof English = {
  title: '¿Firmar esto?',
  titleData: '¿Firmar este mensaje?',
  asks: (site) => `${site} lo pide`,
  asksItself: 'Tu monedero lo pide',
  account: 'Cuenta',
  network: 'Red',
  numbered: (number, of) => `Transacción ${number} de ${of}`,
  intent: {
    lock: (amount, job, until) => `Bloquear ${amount} para el trabajo ${job}; puedes recuperarlo a partir de ${until}`,
    lockMore: (k, oracles, lovelace) =>
      `Solo se paga si tú estás de acuerdo o firman ${k} de ${oracles} oráculos; lo que no se use vuelve. Van además ${lovelace} para comisiones, y vuelve lo que no se gaste.`,
    lockFor: 'Proveedor de cómputo',
    pay: (what, to) => `Pagar ${what} a ${to}`,
    payMany: (what, count) => `Pagar ${what} a ${count} direcciones`,
    collateral: 'Apartar 5 ADA como garantía',
    move: 'Mover tu propio dinero dentro de esta cuenta',
    reclaim: (amount, locks) => `Recuperar ${amount} de ${some(locks, 'bloqueo', 'bloqueos')}`,
    agree: (paid, back) => `Cerrar un trabajo como acordaron ambas partes: ${paid} para el proveedor de cómputo, ${back} de vuelta`,
    settle: (paid, back) => `Cerrar un trabajo como decidieron los oráculos: ${paid} para el proveedor de cómputo, ${back} de vuelta`,
    staking: (what) => `Participación: ${what}`,
    withdraw: (amount) => `retirar recompensas de ${amount}`,
    governance: (what) => `Gobernanza: ${what}`,
    votes: (count) => some(count, 'voto', 'votos'),
    proposals: (count) => some(count, 'propuesta', 'propuestas'),
    data: 'Firmar un mensaje',
    because: {
      script: 'Contrato no reconocido',
      'script-like-ours': 'No reconocido: un bloqueo en el contrato de NuNet que no coincide con el registro de la red',
      mixture: 'No reconocido: hace varias cosas a la vez',
      'others-money': 'No reconocido: gasta dinero ajeno junto con el tuyo',
      'unknown-fields': 'No reconocido: tiene partes que este monedero no sabe leer',
      unresolved: 'No reconocido: gasta lo que la cadena no conoce',
    },
  },
  more: (count) => `y ${count} más`,
  tokensOf: (count) => some(count, 'token más', 'tokens más'),
  effect: 'Lo que cambia para ti',
  effectNone: 'Para ti no cambia nada',
  effectTotal: 'Lo que cambia para ti en total',
  fee: 'Comisión, incluida',
  ifScriptFails: 'En su lugar, si un contrato falla',
  withdrawn: 'Recompensas que pasan a ser gastables',
  deposit: 'Depósito, que recuperas más adelante',
  depositBack: 'Depósito que vuelve',
  spam: 'El nombre de un token lo elige quien lo crea.',
  risks: 'Antes de firmar',
  noRisks: 'No se ha encontrado ningún riesgo.',
  levels: { stop: 'No se puede firmar', confirm: 'Ten cuidado', warn: 'Ten en cuenta' },
  risk: risks,
  recipients: 'Va a',
  copyAddress: 'la dirección',
  certificatesTitle: 'Certificados',
  certificate: certificates,
  foreignKey: 'no es tu clave',
  pool: 'Pool',
  drep: 'Vota',
  abstain: 'siempre se abstiene',
  noConfidence: 'siempre sin confianza',
  votesTitle: 'Votos',
  choice: { no: 'No', yes: 'Sí', abstain: 'Abstención' },
  details: 'Detalles',
  inputs: 'Gasta',
  outputs: 'Crea',
  yours: 'tuya',
  contract: 'contrato',
  withData: 'con datos',
  notKnown: 'no se conoce',
  minted: 'Tokens creados o destruidos',
  metadata: 'Metadatos',
  validFrom: 'Válida desde',
  validUntil: 'Válida hasta',
  forever: 'sin fin',
  keys: 'Firma con',
  key: { payment: 'clave de pago', stake: 'clave de participación', drep: 'clave de DRep' },
  hash: 'Hash de lo que se firma',
  raw: 'Bytes tal cual',
  copyHash: 'el hash',
  copyRaw: 'los bytes',
  message: 'Mensaje',
  messageBytes: (bytes) => some(bytes, 'byte', 'bytes'),
  signsAs: 'Firma como',
  claims: 'Para el sitio',
  word: 'firmar',
  wordLabel: (word) => `Escribe «${word}» para confirmar que lo has leído`,
  password: 'Contraseña',
  passwordAgain: 'Tu contraseña otra vez: es una gran parte de lo que tienes',
  passwordUnlock: 'El monedero está bloqueado. Tu contraseña lo abre.',
  approve: 'Firmar',
  approveAll: (count) => (count === 1 ? 'Firmar' : `Firmar las ${count}`),
  signing: 'Firmando…',
  unlock: 'Desbloquear',
  refuse: 'Rechazar',
  again: 'Mostrar de nuevo',
  close: 'Cerrar',
  signed: 'Firmado.',
  refused: 'Rechazado. No se ha firmado nada.',
  failed: 'No se ha firmado nada.',
  covered: 'Ese clic no ha contado: algo tapaba el botón o llegó demasiado pronto. Inténtalo otra vez.',
  hold: holds,
  mismatch:
    'Lo que se muestra no es lo que recibió la bóveda. No se ha firmado nada. Reinicia el navegador; si vuelve a pasar, no uses esta página.',
};
