/** A noun with its article: 'a Float64Array', 'an Int32Array'. */
export const withArticle = (noun: string): string => `${/^[aeio]/i.test(noun) ? 'an' : 'a'} ${noun}`
