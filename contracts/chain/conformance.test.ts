import { openBlockfrost } from './blockfrost.ts';
import { sourceConformance } from './conformance.ts';
import { openKoios } from './koios.ts';

sourceConformance({
  name: 'Blockfrost',
  base: '/api/v0',
  open: openBlockfrost,
  paths: {
    tip: 'blocks/latest',
    parameters: 'epochs/latest/parameters',
    utxos: '/addresses/',
    spent: '/utxos',
    transaction: '/txs/',
    raw: '/cbor',
    history: '/transactions',
    script: '/addresses/script',
    submit: 'tx/submit',
    evaluate: 'utils/txs/evaluate',
  },
});

sourceConformance({
  name: 'Koios',
  base: '/koios/api/v1',
  open: openKoios,
  paths: {
    tip: '/tip',
    parameters: '/epoch_params',
    utxos: '/address_utxos',
    spent: '/utxo_info',
    transaction: '/tx_info',
    raw: '/tx_cbor',
    history: '/address_txs',
    script: '/credential_utxos',
    submit: '/submittx',
    evaluate: '/ogmios',
  },
});
