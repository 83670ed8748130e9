"""All tables: importing this package adds each of them to the metadata."""

from .account import Address, AuditEntry, Customer, LoginSession, Staff
from .base import table_of
from .cart import MAX_LINES, MAX_QUANTITY, Cart, CartLine
from .catalog import (
    FOR_SALE,
    LISTED,
    MAX_HANDLE,
    MAX_SKU,
    MAX_SLUG,
    Category,
    CategoryRedirect,
    Collection,
    CollectionProduct,
    Maker,
    OptionValue,
    PriceHistory,
    Product,
    ProductOption,
    ProductStatus,
    ProductTag,
    Review,
    ReviewStatus,
    SlugRedirect,
    Tag,
    Variant,
    VariantOption,
)
from .credit import CreditAccount, CreditEntry, CreditEntryKind, CreditKind
from .desk import Presence, Reason, ReasonKind
from .email_change import EmailChange
from .letter import Consent, Letter, UnreachableAddress
from .list import BulkJob, BulkRow, BulkRowState, BulkState, JobRun, ListPreference, SavedView
from .listing import ListingChange, ListingFacet, ListingItem, ListingVariant, Synonym
from .opening import ProviderCheck, SetUpToken
from .order import (
    LEGAL_MOVES,
    Counter,
    FulfilmentStatus,
    Order,
    OrderDiscount,
    OrderEvent,
    OrderLine,
    OrderStatus,
    OrderTaxLine,
    OrderWord,
    PaymentStatus,
    Shipment,
    ShipmentLine,
    ShipmentState,
)
from .payment import (
    Dispute,
    DisputeStatus,
    Payment,
    PaymentEvent,
    PaymentEventKind,
    PaymentState,
    ProviderEvent,
    Refund,
    RefundDestination,
    RefundLine,
    RefundStatus,
)
from .personal import DataExport, Erasure
from .picture import Picture, ProductPicture, VariantPicture
from .promotion import Promotion, PromotionCode, PromotionKind, PromotionLane, PromotionUse
from .returning import NOT_SENT, RETURN_MOVES, ReturnKind, ReturnLine, ReturnRequest, ReturnStatus
from .shipping import MethodKind, ShippingMethod, ShippingRate, ShippingZone, ZoneCountry
from .staff import AuditErasure, StaffInvitation, StaffRole
from .sign_in import (
    KnownBrowser,
    OneTimeCodes,
    Passkey,
    RecoveryCode,
    SecondFactorRule,
    SignInCode,
    SpentChallenge,
)
from .shop import LegalText, ShopProfile
from .tax import TaxClass, TaxQuote, TaxRate, UntaxedPlace
from .stock import (
    ExpectedDelivery,
    MovementKind,
    StockAlert,
    StockHold,
    StockLevel,
    StockMovement,
    StockOffer,
    StockPolicy,
    StockReserve,
    Stocktake,
    StocktakeLine,
)
from .wish_list import WishItem, WishList

__all__ = ["table_of", *(name for name in dir() if name[0].isupper())]  # pyright: ignore
