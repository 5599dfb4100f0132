"""Currencies and how many decimal digits each divides into (ISO 4217, list one of 2025).

Precious metals, test codes and bond-market units are left out: nobody lends in them here.
"""

from __future__ import annotations

from tallystick.kernel.errors import Invalid

_CODES_BY_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD
        CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL
        GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR
        LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD
        PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC
        SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UZS VED VES WST XCD XCG YER ZAR ZMW ZWG
    """,
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

MINOR_DIGITS: dict[str, int] = {
    code: digits for digits, codes in _CODES_BY_DIGITS.items() for code in codes.split()
}


class UnknownCurrency(Invalid):
    title = "Unknown currency"


def minor_digits(currency: str, *, field: str = "currency") -> int:
    """Decimal digits of one unit of `currency` (CNY 2, JPY 0, KWD 3). Raises UnknownCurrency."""
    try:
        return MINOR_DIGITS[currency]
    except KeyError:
        raise UnknownCurrency(
            f"currency {currency[:20]!r} is not an ISO 4217 code in use; write it like 'CNY'",
            field=field,
        ) from None
