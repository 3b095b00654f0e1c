declare module 'fili' {
  interface Band {
    order: number
    characteristic: 'butterworth' | 'bessel'
    Fs: number
    Fc: number
    BW: number
    gain: number
    preGain: boolean
  }
  class CalcCascades {
    bandpass(band: Band): unknown
  }
  class IirFilter {
    constructor(coefficients: unknown)
    multiStep(samples: number[]): number[]
  }
  const Fili: { CalcCascades: typeof CalcCascades; IirFilter: typeof IirFilter }
  export default Fili
}
