import { describe, expect, it } from "vitest";
import { detectLanguage } from "./detect-language.ts";
import { contentWords, numberOf, sentencesOf, stem, wordsOf } from "./words.ts";

describe("words", () => {
  it("splits any script, keeping numbers and contractions whole", () => {
    expect(wordsOf("It's 1,250.50 €, isn't it?")).toEqual(["it's", "1,250.50", "isn't", "it"]);
    expect(wordsOf("返品できます").length).toBeGreaterThan(1);
    expect(wordsOf("Ｆｕｌｌ ﬁle")).toEqual(["full", "file"]);
  });

  it("keeps what carries content, in common stems", () => {
    expect(contentWords("The refunds were refunded within the policies.")).toEqual(["refund", "refund", "policy"]);
    expect(contentWords("Die Ware ist nicht da", "de")).toEqual(["ware", "da"]);
    for (const [a, b] of [
      ["running", "runs"],
      ["stopped", "stop"],
      ["classes", "class"],
      ["tries", "try"],
      ["makes", "making"],
    ] as const) {
      expect([a, stem(a)]).toEqual([a, stem(b)]);
    }
  });

  it("reads numbers however they are written", () => {
    expect(["1,250.00", "1250", "1250.0"].map(numberOf)).toEqual(["1250", "1250", "1250"]);
    expect([numberOf("3,5"), numberOf("word"), numberOf("12:30")]).toEqual(["3.5", null, "12:30"]);
  });

  it("splits sentences and lines", () => {
    expect(sentencesOf("One. Two!\n- three\n\n")).toEqual(["One.", "Two!", "- three"]);
  });
});

describe("detectLanguage", () => {
  it.each([
    ["en", "You can return any item within 30 days for a full refund."],
    ["de", "Sie können jeden Artikel innerhalb von 30 Tagen zurückgeben."],
    ["fr", "Vous pouvez retourner un article dans les 30 jours."],
    ["es", "Puede devolver cualquier artículo dentro de los 30 días."],
    ["pt", "Você pode devolver qualquer item dentro de 30 dias."],
    ["it", "Non so dove sia la stazione, ma posso aiutarti."],
    ["nl", "Ik weet niet waar het station is, maar ik kan je helpen."],
    ["sv", "Jag vet inte var stationen ligger men jag kan hjälpa dig."],
    ["pl", "Nie wiem, gdzie jest stacja, ale mogę ci pomóc."],
    ["ru", "Вы можете вернуть товар в течение 30 дней, и это не проблема."],
    ["uk", "Ви можете повернути товар протягом 30 днів, і це не проблема."],
    ["ja", "30日以内であれば返品できます。"],
    ["zh", "您可以在三十天内退货并获得全额退款。"],
    ["ko", "30일 이내에 반품할 수 있습니다."],
    ["ar", "يمكنك إرجاع أي منتج خلال 30 يومًا."],
  ])("knows %s when it reads it", (language, text) => {
    expect(detectLanguage(text)?.language).toBe(language);
  });

  it("does not guess from too little", () => {
    for (const text of ["", "42", "OK", '{"a":1}', "Zürich"]) expect(detectLanguage(text)).toBeNull();
  });
});
