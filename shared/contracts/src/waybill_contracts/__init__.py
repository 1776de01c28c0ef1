"""waybill_contracts"""
