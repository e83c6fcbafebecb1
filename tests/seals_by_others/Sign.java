import java.io.*;
import java.security.*;
import java.security.cert.*;
import java.util.*;
import org.apache.pdfbox.pdmodel.*;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.*;
import org.apache.pdfbox.pdmodel.interactive.digitalsignature.visible.*;
import org.apache.pdfbox.pdmodel.interactive.form.*;
import org.bouncycastle.cert.jcajce.*;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.operator.jcajce.*;

/** As the examples of PDFBox sign: frozen.pdf to OUT, the field Seal or a new one, CMS in DER or BER, with a mark or unseen. */
public class Sign {
    static PrivateKey key;
    static java.security.cert.Certificate[] chain;

    public static void main(String[] given) throws Exception {
        String out = given[0], field = given[1], encoding = given[2];
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(new FileInputStream("head.p12"), "x".toCharArray());
        key = (PrivateKey) store.getKey("head", "x".toCharArray());
        chain = store.getCertificateChain("head");
        PDDocument document = PDDocument.load(new File("frozen.pdf"));
        PDSignature signature = new PDSignature();
        if (field.equals("own")) {
            PDField own = document.getDocumentCatalog().getAcroForm().getField("Seal");
            own.getCOSObject().setItem("V", signature);
            own.getCOSObject().setNeedToBeUpdated(true);
        }
        signature.setFilter(PDSignature.FILTER_ADOBE_PPKLITE);
        signature.setSubFilter(PDSignature.SUBFILTER_ADBE_PKCS7_DETACHED);
        signature.setSignDate(Calendar.getInstance());
        SignatureOptions options = new SignatureOptions();
        options.setPreferredSignatureSize(8192);
        if (given.length > 3) {
            options.setVisualSignature(mark(given[3]));
        }
        document.addSignature(signature, content -> cms(content, encoding), options);
        try (FileOutputStream file = new FileOutputStream(out)) {
            document.saveIncremental(file);
        }
    }

    static InputStream mark(String picture) throws Exception {
        PDVisibleSignDesigner design =
            new PDVisibleSignDesigner(new FileInputStream("frozen.pdf"), new FileInputStream(picture), 1);
        design.xAxis(480).yAxis(842 - 525).width(50).height(50);
        PDVisibleSigProperties visible = new PDVisibleSigProperties();
        visible.signerName("head").page(1).visualSignEnabled(true).setPdVisibleSignature(design);
        visible.buildSignature();
        return visible.getVisibleSignature();
    }

    static byte[] cms(InputStream content, String encoding) throws IOException {
        try {
            CMSSignedDataGenerator made = new CMSSignedDataGenerator();
            made.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build())
                .build(new JcaContentSignerBuilder("SHA256WithRSA").build(key), (X509Certificate) chain[0]));
            made.addCertificates(new JcaCertStore(Arrays.asList(chain)));
            CMSSignedData signed = made.generate(new CMSProcessableByteArray(content.readAllBytes()), false);
            return signed.toASN1Structure().getEncoded(encoding);
        } catch (GeneralSecurityException | CMSException | org.bouncycastle.operator.OperatorCreationException failed) {
            throw new IOException(failed);
        }
    }
}
