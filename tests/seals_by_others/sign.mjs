// As the examples of node-signpdf sign: frozen.pdf with a new field on 印 (signpdf-new.pdf).
import fs from 'node:fs';
import {plainAddPlaceholder} from '@signpdf/placeholder-plain';
import {P12Signer} from '@signpdf/signer-p12';
import {SignPdf} from '@signpdf/signpdf';

const wanted = {reason: 'seal', contactInfo: '', name: 'Tanaka', location: 'JP', widgetRect: [480, 470, 530, 520]};
const prepared = plainAddPlaceholder({pdfBuffer: fs.readFileSync('frozen.pdf'), ...wanted});
const signer = new P12Signer(fs.readFileSync('head.p12'), {passphrase: 'x'});
fs.writeFileSync('signpdf-new.pdf', await new SignPdf().sign(prepared, signer));
